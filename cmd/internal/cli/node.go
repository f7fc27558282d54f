package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/config"
	"github.com/spf13/cobra"
)

func (a *app) nodeCommand() *cobra.Command {
	list := a.nodeListCommand()
	return group("node", "Invite, list and remove nodes", "server", a.nodeInviteCommand(), list, a.nodeLabelCommand(), a.nodeRemoveCommand(), a.natsConfigCommand(), a.keysCommand(), a.rotateKeysCommand())
}

func (a *app) nodeListCommand() *cobra.Command {
	var form, order string
	c := &cobra.Command{Use: "list", Short: "List the nodes that were heard or invited", Args: exactly(0), Example: "  meridian node list -o wide"}
	outputFlag(c, &form, listForms...)
	c.Flags().StringVar(&order, "sort", "", "`FIELD`: id, role, version, behind or silent; with - in front for descending")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		query := url.Values{}
		if order != "" {
			query.Set("sort", order)
		}
		return a.printList(cmd, cl, "nodes", form, query)
	}
	return c
}

func (a *app) nodeInviteCommand() *cobra.Command {
	var role, vantage, id, form string
	var labels []string
	var again bool
	c := &cobra.Command{Use: "invite --role ROLE", Short: "Admit a node and print its join token", Args: exactly(0),
		Long: `Admit a node and print the join token for its "meridian serve --join". Control must
run with --nats-listen, or with an external NATS. The token holds the node's credential,
and the certificate authority that it shall believe: keep it like a password.

With --again a node that is there gets another credential; the one before ends at once.`,
		Example: "  meridian node invite --role prober --vantage beijing-1 --label country=CN,isp=telecom > beijing-1.token\n  meridian node invite --role resolver --id fra-dns-1\n  meridian node invite --again --id fra-dns-1"}
	c.Flags().StringVar(&role, "role", "", "`ROLE`: resolver or prober")
	c.Flags().StringVar(&id, "id", "", "`ID` of the node (default made up)")
	c.Flags().StringVar(&vantage, "vantage", "", "`ID` of a prober's vantage (default the node's)")
	c.Flags().StringSliceVar(&labels, "label", nil, "`K=V` of the node and its vantage; may be repeated")
	c.Flags().BoolVar(&again, "again", false, "another credential for the node --id, in place of the one it has")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		if again && id == "" {
			return usagef("--again needs --id: which node is to have another credential")
		}
		if role == "" && !again {
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
		body := map[string]any{}
		if again {
			body["again"] = true
		}
		for k, v := range map[string]string{"role": role, "node": id, "vantage": vantage} {
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
		var out struct{ Node, Token, Note string }
		if err := json.Unmarshal(raw, &out); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		fmt.Fprintln(a.out, out.Token)
		fmt.Fprintf(a.err, "Start node %s with: meridian serve --join TOKEN. The token is shown this once; keep it safe.\n", out.Node)
		if out.Note != "" {
			fmt.Fprintln(a.err, out.Note)
		}
		return nil
	}
	return c
}

func (a *app) nodeLabelCommand() *cobra.Command {
	return &cobra.Command{Use: "label ID [K=V]...", Short: "Replace the labels of a node and its vantage", Args: between(1, math.MaxInt),
		Long: `Replace the labels of an invited node and its vantage; without any it has none. A node
whose own settings name labels keeps those.`,
		Example: "  meridian node label beijing-1 country=CN isp=unicom",
		RunE: func(cmd *cobra.Command, args []string) error {
			labels, err := config.Labels(args[1:])
			if err != nil {
				return &usageError{err}
			}
			if labels == nil {
				labels = map[string]string{}
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			body := map[string]any{"labels": labels}
			if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPatch, Path: "/nodes/" + url.PathEscape(args[0]), Body: body}, nil); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "Node %s has the labels that were given.\n", args[0])
			return nil
		}}
}

func (a *app) nodeRemoveCommand() *cobra.Command {
	return &cobra.Command{Use: "remove ID", Short: "Take a node's credential back, at once", Args: exactly(1), Example: "  meridian node remove beijing-1", RunE: func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var out struct{ Note string }
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodDelete, Path: "/nodes/" + url.PathEscape(args[0])}, &out); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "Node %s is removed.\n", args[0])
		if out.Note != "" {
			fmt.Fprintln(a.err, out.Note)
		}
		return nil
	}}
}

func (a *app) natsConfigCommand() *cobra.Command {
	return &cobra.Command{Use: "nats-config", Short: "Print the users for an external NATS server's configuration", Args: exactly(0),
		Long: `Print the list of users that an external NATS server must know: control and every
invited node, each with what it may do. It holds public keys and no secret. Include it in
the authorization or account block of every server's configuration, and reload the
servers, after each invitation and removal.`,
		Example: "  meridian node nats-config > /etc/nats/meridian-users.conf && nats-server --signal reload",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			var text []byte
			if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodGet, Path: "/nats-config"}, &text); err != nil {
				return err
			}
			_, err = a.out.Write(text)
			return err
		}}
}

type signingKeys struct {
	Serial    uint64
	Trusted   []string
	Rotations []struct {
		Serial uint64
		By     string
		At     time.Time
	}
}

func (a *app) keysCommand() *cobra.Command {
	var form string
	c := &cobra.Command{Use: "keys", Short: "Show the keys that sign configuration", Args: exactly(0), Example: "  meridian node keys"}
	outputFlag(c, &form, "text", "json", "yaml")
	c.RunE = a.shows("/keys", &form, func(_ string, raw json.RawMessage) error { return a.printKeys(raw) })
	return c
}

func (a *app) printKeys(raw []byte) error {
	var k signingKeys
	if err := json.Unmarshal(raw, &k); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	for i, key := range k.Trusted {
		what := "signs"
		if i > 0 {
			what = "trusted until the next rotation"
		}
		fmt.Fprintf(a.out, "%s  %s\n", key, what)
	}
	for _, r := range k.Rotations {
		fmt.Fprintf(a.out, "rotation %d by %s at %s\n", r.Serial, r.By, r.At.Local().Format(time.DateTime))
	}
	return nil
}

func (a *app) rotateKeysCommand() *cobra.Command {
	var revoke bool
	c := &cobra.Command{Use: "rotate-keys", Short: "Put a new key in force that signs configuration", Args: exactly(0),
		Example: "  meridian node rotate-keys\n  meridian node rotate-keys --revoke",
		Long: `Put a new key in force that signs configuration. The key before signs the change, so
nodes take it by themselves, also those that are away for several rotations; the key before
stays trusted until the next rotation. With --revoke it is trusted no longer: use that when
it may be stolen.`}
	c.Flags().BoolVar(&revoke, "revoke", false, "distrust the key before at once")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/keys/rotate", Body: map[string]any{"revoke": revoke}}, &raw); err != nil {
			return err
		}
		return a.printKeys(raw)
	}
	return c
}
