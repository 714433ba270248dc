// Sends a file to be stored as a dataset, and tells how far it is.

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`);

/** What is wrong, as the server would say it, when its answer is no problem document. */
function unexpected(status) {
  if (status === 403) return { title: "This page has expired", detail: "Nothing was stored.", remedy: "Reload the page and try again." };
  return { title: "The server could not take the file", detail: `It answered ${status}.`, remedy: "Reload the page and look whether the file is there; else try again." };
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return unexpected(request.status);
  }
}

/**
 * Send a form's data with its `file` to `url`. `onstep({part, text})` tells how far it is: `part` of 1, null while the
 * server reads. Returns `{done, stop}`: a promise of the dataset, rejected with a problem, or with null when stopped;
 * and the function that stops.
 */
export function upload(body, { url, token, onstep }) {
  const request = new XMLHttpRequest();
  const { name } = body.get("file");
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => {
      onstep({ part: loaded / total, text: `Uploading ${name}: ${size(loaded)} of ${size(total)}` });
    };
    request.upload.onload = () => {
      onstep({ part: null, text: `Reading ${name}: every row is checked. A large file takes up to a minute.` });
    };
    request.onload = () => (request.status === 201 ? resolve : reject)(answerOf(request));
    request.onerror = () => {
      reject({ title: "The upload was interrupted", detail: "Nothing was stored.", remedy: "Check the connection and try again." });
    };
    request.onabort = () => reject(null);
  });
  request.open("POST", url);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", token);
  request.send(body);
  return { done, stop: () => request.abort() };
}
