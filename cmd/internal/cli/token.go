package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/spf13/cobra"
)

var tokenColumns = []column{col("ID", "id"), col("NAME", "name"), col("ROLE", "role"), wide("GRANTS", "grants"), col("CREATED", "created_at"), col("EXPIRES", "expires_at"), col("USED", "used_at"), wide("BY", "created_by")}

func (a *app) tokenCommand() *cobra.Command {
	return group("token", "Make, list and revoke API tokens", "config", a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var form, as, file string
	var allowed grantFlags
	var expires time.Duration
	c := &cobra.Command{Use: "create NAME", Short: "Make a token and print it, this once", Args: exactly(1),
		Example: "  meridian token create ci --role operator --expires 720h\n  meridian token create web --role operator --label team=web\n  meridian token create laptop --as ann"}
	allowed.add(c, "viewer")
	c.Flags().Var((*span)(&expires), "expires", "how long it is valid, like 12h or 30d; default until revoked")
	c.Flags().StringVar(&as, "as", "", "sign in as `USER` and make a token of that user's own; it allows what the user may, unless told otherwise")
	passwordFlag(c, &file)
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		if as != "" && !cmd.Flags().Changed("role") && len(allowed.labels) == 0 {
			allowed.role = "" // what the user may
		}
		if expires < 0 {
			return usagef("--expires must not be negative")
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		body := map[string]any{"name": args[0]}
		if err := allowed.body(cmd, body); err != nil {
			return err
		}
		if expires > 0 {
			body["expires_in"] = expires.String()
		}
		if as != "" {
			body["personal"] = true
			text, _, err := a.password(file, "Password of "+as+": ")
			if err != nil {
				return err
			}
			end, err := cl.SignIn(cmd.Context(), as, text)
			if err != nil {
				return err
			}
			defer end()
		}
		var raw json.RawMessage
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/tokens", Body: body}, &raw); err != nil {
			return err
		}
		if form == "json" {
			return printJSON(a.out, raw)
		}
		var out struct {
			ID     string      `json:"id"`
			Token  string      `json:"token"`
			Grants auth.Grants `json:"grants"`
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		fmt.Fprintln(a.out, out.Token)
		fmt.Fprintf(a.err, "Token %s (%s, %s). It is shown this once; keep it safe.\n", out.ID, args[0], out.Grants)
		return nil
	}
	return c
}

func (a *app) tokenListCommand() *cobra.Command {
	c := a.listCommand("list", "List tokens", "tokens")
	c.GroupID = ""
	return c
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{Use: "revoke NAME|ID", Short: "End a token at once", Args: exactly(1), Example: "  meridian token revoke ci", RunE: func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodDelete, Path: "/tokens/" + url.PathEscape(args[0])}, nil); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "Token %s is revoked.\n", args[0])
		return nil
	}}
}
