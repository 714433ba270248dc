from tests.asvs.rows import Row

ROWS = (
    Row(
        "17.1.1",
        2,
        "A TURN server leads to no internal network.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.2.1",
        2,
        "Keys of DTLS are a product's own.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.2.2",
        2,
        "Suites of DTLS are strong.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.2.3",
        2,
        "Packets of SRTP are authenticated.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.2.4",
        2,
        "Packets that are malformed stop no server of media.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.3.1",
        2,
        "A flood stops no server of signals.",
        reason="Does not apply: there is no WebRTC.",
    ),
    Row(
        "17.3.2",
        2,
        "Signals that are malformed stop no server of signals.",
        reason="Does not apply: there is no WebRTC.",
    ),
)
