// Swagger UI over the API's document, in the theme of the console. Nothing is loaded from another host.
const root = document.documentElement;
const place = document.getElementById("swagger-ui");

const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
document.addEventListener("theme", follow);
follow();

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
  // Who is signed in to the console may try things out with that session, which writes with a CSRF token only.
  requestInterceptor: (request) => {
    if (request.method && request.method !== "GET") request.headers["X-CSRFToken"] = place.dataset.csrf;
    return request;
  },
});
