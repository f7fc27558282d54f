package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/config"
	"github.com/spf13/cobra"
)

func (a *app) nodeCommand() *cobra.Command {
	list := a.listCommand("list", "List the nodes that have been heard", "nodes")
	list.GroupID = ""
	return group("node", "Invite, list and remove nodes", "server", a.nodeInviteCommand(), list, a.nodeRemoveCommand())
}

func (a *app) nodeInviteCommand() *cobra.Command {
	var role, vantage, id, form string
	var labels []string
	c := &cobra.Command{Use: "invite --role ROLE", Short: "Admit a node and print its join token", Args: exactly(0),
		Long: `Admit a node and print the join token for its "meridian serve --join". Control must
run with --nats-listen. The token holds the node's credential: keep it like a password.`,
		Example: "  meridian node invite --role prober --vantage beijing-1 --label country=CN,isp=telecom > beijing-1.token\n  meridian node invite --role resolver --id fra-dns-1"}
	c.Flags().StringVar(&role, "role", "", "`ROLE`: resolver or prober")
	c.Flags().StringVar(&id, "id", "", "`ID` of the node (default made up)")
	c.Flags().StringVar(&vantage, "vantage", "", "`ID` of a prober's vantage (default the node's)")
	c.Flags().StringSliceVar(&labels, "label", nil, "`K=V` of the node and its vantage; may be repeated")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		if role == "" {
			return usagef("give --role resolver or --role prober")
		}
		kv, err := config.Labels(labels)
		if err != nil {
			return &usageError{err}
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		body := map[string]any{"role": role}
		for k, v := range map[string]string{"node": id, "vantage": vantage} {
			if v != "" {
				body[k] = v
			}
		}
		if len(kv) > 0 {
			body["labels"] = kv
		}
		var raw json.RawMessage
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/nodes", Body: body}, &raw); err != nil {
			return err
		}
		if form == "json" {
			return printJSON(a.out, raw)
		}
		var out struct{ Node, Token string }
		if err := json.Unmarshal(raw, &out); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		fmt.Fprintln(a.out, out.Token)
		fmt.Fprintf(a.err, "Start node %s with: meridian serve --join TOKEN. The token is shown this once; keep it safe.\n", out.Node)
		return nil
	}
	return c
}

func (a *app) nodeRemoveCommand() *cobra.Command {
	return &cobra.Command{Use: "remove ID", Short: "Take a node's credential back, at once", Args: exactly(1), RunE: func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodDelete, Path: "/nodes/" + url.PathEscape(args[0])}, nil); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "Node %s is removed.\n", args[0])
		return nil
	}}
}
