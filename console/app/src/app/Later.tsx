// Toasts and questions: nobody needs them before the first page stands, so they come after it. What is
// shown or asked meanwhile waits in the libraries' own stores.
import "@mantine/notifications/styles.css";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

export default function Later() {
  const { t } = useTranslation();
  return (
    <>
      <Notifications position="bottom-right" />
      <ModalsProvider labels={{ confirm: t("action.confirm"), cancel: t("action.cancel") }}>{null}</ModalsProvider>
    </>
  );
}
