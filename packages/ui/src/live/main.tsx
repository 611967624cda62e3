import { render } from "preact";
import { App } from "./app.tsx";
import { LiveData } from "./live-data.ts";

const element = document.getElementById("page");
if (element === null) throw new Error("the page has no #page");

// The browser has a cookie now; the token need not stay where it can be seen, and kept by the browser's history.
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

const live = new LiveData();
render(<App live={live} />, element);
void live.start();
