"""Inputs to start from. The people in them are made up."""

from __future__ import annotations

from typing import Any

ELDERLY: dict[str, Any] = {
    "medications": [
        "warfarin 3 mg",
        "simvastatin 40 mg",
        "clarithromycin 500 mg",
        "ibuprofen 400 mg",
        "lisinopril 10 mg",
        "spironolactone 25 mg",
        "omeprazole 20 mg",
    ],
    "age": 78,
    "sex": "female",
    "weight": 61,
    "creatinine": 1.6,
    "creatinine_unit": "mg/dL",
    "allergies": ["penicillin"],
    "conditions": ["heart failure"],
}
PSYCHIATRY: dict[str, Any] = {
    "medications": [
        "phenelzine",
        "sertralin 50 mg",
        "tramadol",
        "lithium carbonate",
        "naproxen",
        "zopiclon",
        "herbal calm tea",
    ],
    "age": 44,
    "sex": "male",
}
KIDNEY: dict[str, Any] = {
    "medications": [
        "metformin 1 g",
        "gabapentin 600 mg",
        "dabigatran 150 mg",
        "nitrofurantoin",
        "allopurinol 300 mg",
        "co-amoxiclav",
    ],
    "age": 71,
    "sex": "male",
    "weight": 82,
    "creatinine": 245,
    "creatinine_unit": "umol/L",
    "allergies": ["amoxicillin"],
}


def ward() -> list[dict[str, Any]]:
    """Four patients of a ward, a row for each drug."""
    patients: tuple[tuple[str, int, str, float, float, str, str, tuple[str, ...]], ...] = (
        ("Bed 1", 82, "female", 54, 1.9, "", "atrial fibrillation", ("apixaban", "diclofenac", "digoxin", "verapamil")),
        ("Bed 2", 59, "male", 96, 1.0, "sulfa", "gout", ("azathioprine", "allopurinol", "Bactrim", "colchicine")),
        ("Bed 3", 34, "female", 63, 0.7, "", "epilepsy", ("carbamazepine", "Microgynon", "Paracetamol 1 g")),
        ("Bed 4", 67, "male", 78, 0.9, "", "", ("amlodipine", "atorvastatin", "paracetamol", "zinkorol")),
    )
    return [
        {
            "patient": name,
            "drug": drug,
            "age": age,
            "sex": sex,
            "weight": weight,
            "creatinine": creatinine,
            "allergies": allergies,
            "conditions": conditions,
        }
        for name, age, sex, weight, creatinine, allergies, conditions, drugs in patients
        for drug in drugs
    ]


def bundle() -> dict[str, Any]:
    """A FHIR R4 bundle: a patient, five requests, a creatinine and an allergy."""
    rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    subject = {"reference": "Patient/example"}
    requests = [("11289", "warfarin"), ("4450", "fluconazole"), ("10829", "trimethoprim"), ("6851", "methotrexate")]
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "example", "gender": "female", "birthDate": "1951-04-12"},
        *(
            {
                "resourceType": "MedicationRequest",
                "id": f"m{number}",
                "status": "active",
                "intent": "order",
                "subject": subject,
                "medicationCodeableConcept": {"coding": [{"system": rxnorm, "code": code, "display": name}]},
            }
            for number, (code, name) in enumerate(requests, 1)
        ),
        {
            "resourceType": "Observation",
            "id": "creatinine",
            "status": "final",
            "subject": subject,
            "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
            "valueQuantity": {"value": 1.1, "unit": "mg/dL", "code": "mg/dL"},
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": "allergy",
            "patient": subject,
            "code": {"text": "Penicillin"},
        },
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
