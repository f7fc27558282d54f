package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// app is what every command shares.
type app struct {
	in       io.Reader
	out, err io.Writer
	version  string

	// Global flags.
	server    string
	tokenFile string
	ca        string

	// started is set when a command begins to run: errors before are usage errors.
	started bool
}

// Main runs the command line of this process and returns its exit code.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, version string, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut, version: version}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !a.started {
		if text := plain(err.Error()); text != err.Error() {
			err = errors.New(text)
		}
		err = &usageError{err}
	}
	code, hint := exitCode(err)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return exitFailed // the user's own interrupt needs no words
	}
	if !errors.As(err, &silent{}) {
		fmt.Fprintf(errOut, "meridian: %v\n", err)
	}
	if hint != "" {
		fmt.Fprintln(errOut, hint)
	}
	if code == exitUsage {
		fmt.Fprintln(errOut, "See \"meridian --help\" or \"meridian COMMAND --help\".")
	}
	return code
}

// goWords are what Go's parsers of numbers say.
var goWords = regexp.MustCompile(`strconv\.Parse(Int|Uint|Bool): parsing "[^"]*": .*$`)

// plain puts what a flag takes in place of the words of Go's parsers.
func plain(text string) string {
	return goWords.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasPrefix(m, "strconv.ParseBool") {
			return "write true or false"
		}
		return "write a whole number"
	})
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "meridian",
		Short: "Meridian is a Global Traffic Manager: DNS answers by policy, client location and live health",
		Long: `Meridian is a Global Traffic Manager: an authoritative DNS server whose answers
follow policy, client location and live health, with the layer that configures it.

"meridian serve" runs a server. The other commands speak to one: they read
MERIDIAN_SERVER (default ` + defaultServer + `) and MERIDIAN_TOKEN, else
meridian/config.yaml in the user's configuration folder.

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { a.started = true; return nil },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // ours is one command, see completion.go
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.PersistentFlags().StringVar(&a.ca, "ca", "", "PEM `FILE` of the authority that signs the server's certificate (environment MERIDIAN_CA)")
	root.PersistentFlags().StringVar(&a.server, "server", "", "base `URL` of the API (environment MERIDIAN_SERVER)")
	root.PersistentFlags().StringVar(&a.tokenFile, "token-file", "", "`FILE` that holds the API token (environment MERIDIAN_TOKEN holds the token itself)")
	root.AddGroup(&cobra.Group{ID: "server", Title: "Server:"}, &cobra.Group{ID: "config", Title: "Configuration:"}, &cobra.Group{ID: "look", Title: "What is going on:"})
	for _, c := range a.commands() {
		root.AddCommand(c)
	}
	return root
}

// exactly and between bound a command's arguments, and show its form when it was
// typed otherwise.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

func between(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		what := "too few arguments"
		switch {
		case most == 0:
			what = fmt.Sprintf("%q is too much: the command takes no arguments", args[0])
		case len(args) > most:
			what = fmt.Sprintf("%q is too much", args[most])
		}
		return usagef("%s; write %s %s", what, c.Parent().CommandPath(), c.Use)
	}
}

// group is a command that only holds others.
func group(use, short, groupID string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, GroupID: groupID, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s has no command %q", c.CommandPath(), args[0])
		}
		return c.Help()
	}}
	c.AddCommand(subs...)
	return c
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: exactly(0), Example: "  meridian version", RunE: func(*cobra.Command, []string) error {
		fmt.Fprintf(a.out, "meridian %s %s %s/%s\n", a.fullVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	}}
}

// fullVersion is the linker's version, or the commit for a plain "go build".
func (a *app) fullVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && a.version == "dev" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return a.version
}
