package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	var req control.ExplainRequest
	var form string
	c := &cobra.Command{
		Use: "explain NAME [TYPE]", GroupID: "look", Short: "Say what a client is answered and why", Args: between(1, 2), ValidArgsFunction: a.completeDomain,
		Long: `Explain an answer with the engine that gives it: which lines the client is on, each
pool and address considered with the reason why it was taken or left, the answer with
its TTL and ECS scope, and the revision that it belongs to.`,
		Example: "  meridian explain gtm.example.com --client 203.0.113.7\n  meridian explain gtm.example.com AAAA --line telecom:cn-gd --down hz-1",
	}
	c.Flags().StringVar(&req.Client, "client", "", "`IP|CIDR` of the client, as ECS would carry it")
	c.Flags().StringVar(&req.Line, "line", "", "`LINE` of a typical client, in place of --client")
	c.Flags().StringArrayVar(&req.Down, "down", nil, "`ADDRESS`, by name or value, to take as unavailable; may be repeated")
	c.Flags().StringVar(&req.Node, "node", "", "`ID` of the node whose view to explain")
	c.Flags().Uint64Var(&req.Revision, "revision", 0, "`N` of the revision to explain, in place of the newest")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		if req.Client != "" && req.Line != "" {
			return usagef("--client and --line exclude each other")
		}
		if req.Client != "" {
			_, err1 := netip.ParseAddr(req.Client)
			_, err2 := netip.ParsePrefix(req.Client)
			if err1 != nil && err2 != nil {
				return usagef("--client %q is neither an IP address nor a network like 203.0.113.0/24", req.Client)
			}
		}
		req.Name = args[0]
		if len(args) == 2 {
			req.Type = strings.ToUpper(args[1])
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/explain", Body: req}, &raw); err != nil {
			return err
		}
		if form == "json" {
			return printJSON(a.out, raw)
		}
		var e steer.Explanation
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("read the server's explanation: %w", err)
		}
		printExplanation(a.out, &e)
		return nil
	}
	return c
}

// completeDomain offers the names of access domains, then types.
func (a *app) completeDomain(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return []string{"A", "AAAA", "CNAME"}, cobra.ShellCompDirectiveNoFileComp
	}
	r, err := findResource("access-domain")
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, n := range a.completeNames(cmd.Context(), r, prefix) {
		name, _, _ := strings.Cut(n, "/")
		out = append(out, name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func printExplanation(w io.Writer, e *steer.Explanation) {
	at := ""
	if e.Node != "" {
		at = " at node " + e.Node
	}
	fmt.Fprintf(w, "%s %s in revision %d%s\n", e.Name, e.Type, e.Position.Revision, at)
	printClient(w, &e.Client)
	for i := range e.Steps {
		printStep(w, &e.Steps[i])
	}
	fmt.Fprintf(w, "\nAnswer: %s", e.Rcode)
	if e.Outcome != "answer" {
		fmt.Fprintf(w, " (%s)", e.Outcome)
	}
	fmt.Fprintf(w, ", ECS scope /%d\n", e.Scope)
	for _, r := range e.Answer {
		fmt.Fprintf(w, "  %s %d %s %s\n", r.Name, r.TTL, r.Type, r.Data)
	}
}

func printClient(w io.Writer, c *steer.ClientView) {
	fmt.Fprintf(w, "Client: %s", clientText(c))
	if c.Country != "" {
		fmt.Fprintf(w, ", country %s", c.Country)
	}
	if c.Confidence != "" {
		fmt.Fprintf(w, ", location confidence %s", c.Confidence)
	}
	fmt.Fprintln(w)
	for _, l := range c.Lines {
		fmt.Fprintf(w, "  on line %s: %s\n", l.Code, l.Why)
	}
}

// clientText says what about the client decides.
func clientText(c *steer.ClientView) string {
	switch c.Basis {
	case "client":
		return c.Address + ", by its address (as EDNS Client Subnet carries it)"
	case "resolver":
		return c.Address + ", by the address of its resolver"
	case "line":
		return "a typical one of the line given"
	}
	return first(c.Address, "not given; --client or --line does")
}

func printStep(w io.Writer, s *steer.Step) {
	fmt.Fprintf(w, "\n%s (%s", s.Name, strings.ReplaceAll(s.Kind, "_", " "))
	if s.Policy != "" {
		fmt.Fprintf(w, ", %s", s.Policy)
	}
	fmt.Fprintf(w, "): %s\n", s.Reason)
	if s.Line != "" {
		fmt.Fprintf(w, "  winning line: %s\n", s.Line)
	}
	if s.Choice != "" {
		fmt.Fprintf(w, "  choice: %s\n", s.Choice)
	}
	for _, p := range s.Pools {
		fmt.Fprintf(w, "  %s pool %s (serial %d, weight %d, lines %s): %s\n", mark(p.Taken), p.Name, p.Serial, p.Weight, strings.Join(p.Lines, ","), withState(p.Why, p.State))
		for _, m := range p.Addresses {
			fmt.Fprintf(w, "      %s %s: %s\n", mark(m.Taken), strings.TrimSpace(m.Name+" "+m.Value), withState(m.Why, m.State))
		}
	}
}

// withState says why, and in what state; often the state is the reason.
func withState(why, state string) string {
	if strings.Contains(why, state) {
		return why
	}
	return why + "; " + state
}

func mark(taken bool) string {
	if taken {
		return "*"
	}
	return " "
}
