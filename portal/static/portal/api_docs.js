// The API's documentation: Swagger UI on the portal's own document, and nothing from elsewhere.
const operations = document.getElementById("operations");
SwaggerUIBundle({
    url: operations.dataset.schema,
    domNode: operations,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: false,
    validatorUrl: null,
});
