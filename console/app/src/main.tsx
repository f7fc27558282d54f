import "./styles/mantine.css";
import "@mantine/notifications/styles.css";
import "./styles/base.css";
import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useMemo } from "react";
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

function App() {
  const density = useDensity();
  const { t } = useTranslation();
  const close = t("action.close");
  const theme = useMemo(() => themeFor(density, close), [density, close]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <Notifications position="bottom-right" />
      <ModalsProvider labels={{ confirm: t("action.confirm"), cancel: t("action.cancel") }}>
        <RouterProvider router={router} />
      </ModalsProvider>
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
