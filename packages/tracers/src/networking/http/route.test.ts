import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { guessRoute, RouteTemplates } from "./route.ts";

test("parts that name one thing of many become {id}", () => {
  for (const [path, route] of [
    ["/", "/"],
    ["*", "*"],
    ["/users", "/users"],
    ["/users/", "/users"],
    ["//users//a", "/users/a"],
    ["/users/4711", "/users/{id}"],
    ["/users/4711/orders/12", "/users/{id}/orders/{id}"],
    ["/users/-1", "/users/{id}"],
    ["/at/48.137", "/at/{id}"],
    ["/v1/api/v2", "/v1/api/v2"],
    ["/.well-known/openid-configuration", "/.well-known/openid-configuration"],
    ["/oauth2/token", "/oauth2/token"],
    ["/items/6fa459ea-ee8a-3ca4-894e-db77e160355e", "/items/{id}"],
    ["/items/6FA459EAEE8A3CA4894EDB77E160355E", "/items/{id}"],
    ["/commits/3f2a9c1b", "/commits/{id}"],
    ["/days/2026-11-24", "/days/{id}"],
    ["/orders/ORD-2024-00012", "/orders/{id}"],
    ["/by/a@b.example", "/by/{id}"],
    ["/by/m%C3%BCller", "/by/{id}"],
    ["/keys/AbCdEfGhIjKlMnOpQrStU1", "/keys/{id}"],
    [`/keys/${"x".repeat(41)}`, "/keys/{id}"],
    ["/assets/index-3f2a9c1b77.js", "/assets/{id}.js"],
    ["/a;jsessionid=1/b", "/a/b"],
    ["/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/h"],
    ["/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/*"],
  ] as const) {
    assert.equal(guessRoute(path), route, path);
  }
});

test("a service that has too many routes gets no more, and another one does", () => {
  const templates = new RouteTemplates({ routesPerService: 2, services: 2 });
  assert.deepEqual(
    ["/a", "/b", "/c", "/a", "/b"].map((path) => templates.routeOf("one", path)),
    ["/a", "/b", "*", "/a", "/b"],
  );
  assert.equal(templates.routeOf("two", "/c"), "/c");
  assert.equal(templates.routeOf("three", "/a"), "*");
  assert.equal(templates.routeOf("two", "/d"), "/d");
});

test("routes are few and short, whatever the paths are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 60 }), { maxLength: 20 }), (paths) => {
      const templates = new RouteTemplates({ routesPerService: 10 });
      const routes = new Set(paths.map((path) => templates.routeOf("service", path)));
      assert.ok(routes.size <= 11);
      for (const route of routes) assert.ok(route.length <= 8 * 41 + 3);
    }),
    { numRuns: 50 },
  );
});
