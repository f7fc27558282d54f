import "./styles/mantine.css";
import "./styles/base.css";
import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTranslation } from "react-i18next";
import { queryClient } from "./api/client";
import { useDensity } from "./app/prefs";
import { router } from "./app/router";
import { themeFor } from "./app/theme";
import { startI18n } from "./i18n";

// The server puts a fresh nonce into each page; Mantine's style tags carry it.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
// What holds the page still behind a dialog makes a style tag too, and looks for its nonce here.
Object.assign(window, { __webpack_nonce__: nonce });

const Later = lazy(() => import("./app/Later"));

function App() {
  const { t } = useTranslation();
  const density = useDensity();
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIdle(true), 1_000);
    return () => clearTimeout(timer);
  }, []);
  const close = t("action.close");
  const theme = useMemo(() => themeFor(density, close), [density, close]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <ModalsProvider labels={{ confirm: t("action.confirm"), cancel: t("action.cancel") }}>
        <RouterProvider router={router} />
      </ModalsProvider>
      {idle && (
        <Suspense>
          <Later />
        </Suspense>
      )}
    </MantineProvider>
  );
}

const root = document.getElementById("root");
if (root) {
  void startI18n().then(() =>
    createRoot(root).render(
      <StrictMode>
        <QueryClientProvider client={queryClient}>
          <App />
        </QueryClientProvider>
      </StrictMode>,
    ),
  );
}
