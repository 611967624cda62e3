/** What stands for a part of a path that names one thing of many. */
const VARIABLE = "{id}";
/** What stands for the routes that find no room. */
export const OTHER_ROUTES = "*";

const MAX_PARTS = 8;
const MAX_PART_CHARS = 40;

export interface RouteLimits {
  /** Templates of one service, 1 or more. Default: 200. */
  readonly routesPerService?: number;
  /** Services whose templates are told apart, 1 or more. Default: 1,000. */
  readonly services?: number;
}

/** Of one service. */
interface Routes {
  readonly all: Set<string>;
  /** Those of the paths that came first, as many as there may be routes: most services have few, and ask for them all the time. */
  readonly byPath: Map<string, string>;
}

/**
 * Guesses the route that a path belongs to: `/users/4711` -> `/users/{id}`. The number of routes has a bound: those of
 * a service that has too many are `*`.
 */
export class RouteTemplates {
  readonly #routesPerService: number;
  readonly #services: number;
  readonly #known = new Map<string, Routes>();

  constructor({ routesPerService = 200, services = 1000 }: RouteLimits = {}) {
    this.#routesPerService = routesPerService;
    this.#services = services;
  }

  /** `path` has no query. */
  routeOf(service: string, path: string): string {
    const routes = this.#routesOf(service);
    if (routes === undefined) return OTHER_ROUTES;
    const known = routes.byPath.get(path);
    if (known !== undefined) return known;
    const route = guessRoute(path);
    if (!routes.all.has(route)) {
      if (routes.all.size >= this.#routesPerService) return OTHER_ROUTES;
      routes.all.add(route);
    }
    if (routes.byPath.size < this.#routesPerService) routes.byPath.set(path, route);
    return route;
  }

  #routesOf(service: string): Routes | undefined {
    const known = this.#known.get(service);
    if (known !== undefined || this.#known.size >= this.#services) return known;
    const routes: Routes = { all: new Set(), byPath: new Map() };
    this.#known.set(service, routes);
    return routes;
  }
}

/** A path with `{id}` for the parts that look like numbers, UUIDs, hashes, tokens or addresses. */
export function guessRoute(path: string): string {
  if (path === "*") return path;
  const parts: string[] = [];
  for (const part of path.split("/", 4 * MAX_PARTS)) {
    if (part === "") continue;
    if (parts.length === MAX_PARTS) return `/${parts.join("/")}/*`;
    parts.push(templateOf(part));
  }
  return `/${parts.join("/")}`;
}

function templateOf(part: string): string {
  const parameters = part.indexOf(";");
  const name = parameters < 0 ? part : part.slice(0, parameters);
  if (!isVariable(name)) return name;
  // Of a file whose name holds a hash the kind is told: /assets/{id}.js
  const kind = /[^.](\.[a-z]{1,5}[0-9]?)$/i.exec(name)?.[1];
  return kind === undefined ? VARIABLE : VARIABLE + kind;
}

function isVariable(name: string): boolean {
  if (name.length > MAX_PART_CHARS || !/^[\w.~!$'()*+-]*$/.test(name)) return true;
  const digits = countDigits(name);
  // Words and versions: /api/v2, /oauth2, /.well-known
  if (digits === 0) return name.length >= 32;
  if (/^[+-]?[0-9]+([.][0-9]+)?$/.test(name)) return true;
  if (digits >= 5) return true;
  if (/^[0-9a-f]{8,}$/i.test(name)) return true;
  return name.length >= 20 && !/[-_.]/.test(name);
}

function countDigits(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) count++;
  }
  return count;
}
