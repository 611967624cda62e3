import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const KEY = "skep-theme";

/** The system's colors, until the switch says otherwise; that choice stays in this browser. */
export function useTheme(): readonly [Theme, () => void] {
  const [chosen, setChosen] = useState(() => themeOf(localStorage.getItem(KEY)));
  const [system, setSystem] = useState<Theme>(systemTheme);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setSystem(systemTheme());
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  document.documentElement.style.colorScheme = chosen ?? "";
  const theme = chosen ?? system;
  const toggle = () => {
    const next = theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, next);
    setChosen(next);
  };
  return [theme, toggle];
}

function themeOf(text: string | null): Theme | undefined {
  return text === "light" || text === "dark" ? text : undefined;
}

function systemTheme(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
