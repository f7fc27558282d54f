package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/spf13/cobra"
)

var userColumns = []column{col("NAME", "name"), col("ROLE", "role"), col("DISABLED", "disabled"), col("SIGNED IN", "signed_in_at"), col("CREATED", "created_at"),
	wide("GRANTS", "grants"), wide("ISSUER", "issuer"), wide("BY", "created_by"), wide("ID", "id")}

func (a *app) userCommand() *cobra.Command {
	list := a.listCommand("list", "List users", "users")
	list.GroupID = ""
	return group("user", "Make and manage users, who sign in with a password", "config", a.userCreateCommand(), list, a.userGrantCommand(), a.userPasswordCommand(),
		a.userVerbCommand("disable", "Shut a user out, at once", http.MethodPost, "/disable", "User %s is shut out; sessions have ended and tokens do not work.\n"),
		a.userVerbCommand("enable", "Let a user in again", http.MethodPost, "/enable", "User %s is let in.\n"),
		a.userVerbCommand("sign-out", "End all sessions of a user", http.MethodDelete, "/sessions", "Sessions of user %s have ended.\n"),
		a.userVerbCommand("delete", "Delete a user with all sessions and tokens", http.MethodDelete, "", "User %s is deleted.\n"))
}

func userPath(name string) string { return "/users/" + url.PathEscape(name) }

func (a *app) userCreateCommand() *cobra.Command {
	var allowed grantFlags
	var file string
	c := &cobra.Command{Use: "create NAME", Short: "Make a local user", Args: exactly(1),
		Long: `Make a local user. The password is asked for at a terminal; else the first line of the
standard input, or of --password-file, is taken.`,
		Example: "  meridian user create ann --role admin\n  meridian user create bob --role operator --label team=web"}
	allowed.add(c, "viewer")
	passwordFlag(c, &file)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body := map[string]any{"name": args[0]}
		if err := allowed.body(cmd, body); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		if body["password"], err = a.newPassword(file, args[0]); err != nil {
			return err
		}
		var out struct {
			Name   string      `json:"name"`
			Grants auth.Grants `json:"grants"`
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/users", Body: body}, &out); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "User %s may sign in, with %s.\n", out.Name, out.Grants)
		return nil
	}
	return c
}

func (a *app) userGrantCommand() *cobra.Command {
	var allowed grantFlags
	c := &cobra.Command{Use: "grant NAME", Short: "Say what a user may do, in place of what was", Args: exactly(1),
		Example: "  meridian user grant bob --grant viewer --grant operator:team=web"}
	allowed.add(c, "")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body := map[string]any{}
		if err := allowed.body(cmd, body); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		var out struct {
			Grants auth.Grants `json:"grants"`
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPut, Path: userPath(args[0]) + "/grants", Body: body}, &out); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "User %s has %s.\n", args[0], out.Grants)
		return nil
	}
	return c
}

func (a *app) userPasswordCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "password NAME", Short: "Give a user a new password; sessions of the user end", Args: exactly(1),
		Example: "  meridian user password ann"}
	passwordFlag(c, &file)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		text, err := a.newPassword(file, args[0])
		if err != nil {
			return err
		}
		body := map[string]any{"password": text}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPut, Path: userPath(args[0]) + "/password", Body: body}, nil); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "User %s has a new password; sessions have ended.\n", args[0])
		return nil
	}
	return c
}

// userVerbCommand does one thing to a user that needs no body.
func (a *app) userVerbCommand(verb, short, method, suffix, done string) *cobra.Command {
	return &cobra.Command{Use: verb + " NAME", Short: short, Args: exactly(1), Example: "  meridian user " + verb + " ann", RunE: func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := cl.Do(cmd.Context(), client.Request{Method: method, Path: userPath(args[0]) + suffix}, &raw); err != nil {
			return err
		}
		fmt.Fprintf(a.out, done, args[0])
		return nil
	}}
}
