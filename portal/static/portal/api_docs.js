// The API's documentation: Swagger UI on the portal's own document, and nothing from elsewhere.
const system = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", system.matches);
system.addEventListener("change", follow);
follow();

// A path is a link inside the button that opens it: the address follows the opened operation without one.
const plainPaths = ({ React }) => ({
    wrapComponents: { DeepLink: () => ({ text }) => React.createElement("a", { className: "nostyle" }, text) },
});

const operations = document.getElementById("operations");
SwaggerUIBundle({
    url: operations.dataset.schema,
    domNode: operations,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    plugins: [plainPaths],
    tryItOutEnabled: false,
    validatorUrl: null,
});

// Swagger UI leaves the fields of parameters without a name.
new MutationObserver(() => {
    for (const field of operations.querySelectorAll("[data-param-name] :is(input, select, textarea):not([aria-label])")) {
        field.setAttribute("aria-label", field.closest("[data-param-name]").dataset.paramName);
    }
}).observe(operations, { childList: true, subtree: true });
