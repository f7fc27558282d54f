// Toasts: nobody needs them before the first page stands, so they come after it. What is shown meanwhile
// waits in the library's own store.
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

export default function Later() {
  return <Notifications position="bottom-right" />;
}
