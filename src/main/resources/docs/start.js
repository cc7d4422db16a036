// Nothing of this page is fetched from, or told to, another host: swagger-ui would ask a validator of its makers'.
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "v1/openapi.yaml",
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
