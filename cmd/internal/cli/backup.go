package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/backup"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/spf13/cobra"
)

func (a *app) backupCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "backup FILE", GroupID: "server", Short: "Save the whole state of control in a file", Args: exactly(1),
		Long: `Save the whole state of control, of one moment, in a file: configuration and its history,
tokens, invited nodes, the signing key and the certificate authority, current members
and audit. It does not hold the location data, events, health and query history, or
anything of the nodes. Whoever has the file can take the installation over: it is
written with mode 0600; keep it as you keep the database.

FILE - writes to standard output. The file is checked before it gets its name.`,
		Example: "  meridian backup meridian-2026-11-25.backup",
	}
	c.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		if args[0] == "-" {
			return cl.Download(cmd.Context(), "/backup", a.out)
		}
		if _, err := os.Lstat(args[0]); err == nil && !force {
			return fmt.Errorf("%s is there already; choose another name, or --force", args[0])
		}
		h, size, err := download(cmd.Context(), cl, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "Revision %d of %s, %s. It holds secrets; keep it safe.\n", h.Position.Revision, when(h.Made), bytesText(size))
		return nil
	}
	return c
}

func bytesText(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d kB", (n+999)/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}

// download writes a backup beside its place, reads it to the end, and puts it there.
func download(ctx context.Context, cl *client.Client, path string) (h backup.Header, size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // mode 0600
	if err != nil {
		return h, 0, fmt.Errorf("write backup: %w", err)
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := cl.Download(ctx, "/backup", f); err != nil {
		return h, 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return h, 0, fmt.Errorf("write backup: %w", err)
	}
	if h, err = readThrough(f); err != nil {
		return h, 0, fmt.Errorf("the backup did not come whole (%w); try again", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return h, 0, fmt.Errorf("write backup: %w", err)
	}
	return h, info.Size(), nil
}

func readThrough(r io.Reader) (backup.Header, error) {
	b, err := backup.NewReader(r)
	if err != nil {
		return backup.Header{}, err
	}
	defer b.Close()
	for {
		if _, _, err := b.Next(); errors.Is(err, io.EOF) {
			return b.Header, nil
		} else if err != nil {
			return b.Header, err
		}
	}
}

// restoreAnswer is what POST /restore gives back.
type restoreAnswer struct {
	DryRun   bool                `json:"dry_run,omitempty"`
	Position traffic.Position    `json:"position"`
	Plan     control.RestorePlan `json:"plan"`
}

func (a *app) restoreCommand() *cobra.Command {
	var (
		dry, replace, wait bool
		form, dsn          string
		timeout            time.Duration
	)
	c := &cobra.Command{
		Use: "restore FILE", GroupID: "server", Short: "Put a backup in place of the whole state of control", Args: exactly(1),
		Long: `Put a backup in place of the whole state of control, in one transaction: all of it or
nothing. Every node takes the restored state, under a new epoch, though it is older.

On a control that has a configuration it needs --replace; what is there is saved first,
in the present folder. Tokens and nodes made since the backup end, those revoked since
are valid again: both are listed, by --dry-run too. The token that restores stays. On
the installation that was backed up, signing key, certificate authority and audit stay
as they are now; events and history do in any case. Control starts anew, which in an all-in-one process pauses
DNS for a moment; resolvers of their own go on.

With --store, restore into a database while control is down.`,
		Example: "  meridian restore meridian-2026-11-25.backup --dry-run\n  meridian restore meridian-2026-11-25.backup --replace --wait\n  meridian restore meridian.backup --store sqlite:/srv/meridian/meridian.db",
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change, in the configuration, in answers and for credentials, and change nothing")
	c.Flags().BoolVar(&replace, "replace", false, "restore though there is a configuration, which goes")
	c.Flags().BoolVar(&wait, "wait", false, "wait until every node heard within 30 s has the restored state")
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "with --wait: how long")
	c.Flags().StringVar(&dsn, "store", "", "restore into this database, sqlite:PATH or postgres://…, and not over the API")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		switch {
		case wait && (dry || dsn != ""):
			return usagef("--wait goes with a restore over the API alone")
		case timeout <= 0:
			return usagef("--timeout must be positive")
		}
		f, err := os.Open(args[0])
		if err != nil {
			return fmt.Errorf("read backup: %w", err)
		}
		defer f.Close()
		var out restoreAnswer
		var cl *client.Client
		if dsn != "" {
			out, err = restoreOffline(cmd.Context(), dsn, f, dry, replace)
		} else {
			if cl, err = a.client(); err != nil {
				return err
			}
			out, err = a.restoreOnline(cmd.Context(), cl, f, dry, replace)
		}
		if err != nil {
			return err
		}
		if form == "json" {
			err = printJSON(a.out, out)
		} else {
			a.printRestore(out)
		}
		if err != nil || !wait {
			return err
		}
		return a.waitEpoch(cmd.Context(), cl, out.Position, timeout)
	}
	return c
}

func (a *app) restoreOnline(ctx context.Context, cl *client.Client, f *os.File, dry, replace bool) (out restoreAnswer, err error) {
	send := func(q url.Values) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read backup: %w", err)
		}
		return cl.Do(ctx, client.Request{Method: http.MethodPost, Path: "/restore", Query: q, Body: io.NopCloser(f), Type: "application/zstd", Timeout: time.Hour}, &out)
	}
	if dry {
		return out, send(url.Values{"dry_run": {"true"}})
	}
	if !replace {
		err := send(nil)
		var p *client.Problem
		if errors.As(err, &p) && p.Code == "not_empty" {
			p.Detail = "This control has a configuration, which a restore replaces; look at what would change with --dry-run, and repeat with --replace."
		}
		return out, err
	}
	// Before anything is saved: a file that is no backup leaves nothing behind.
	if _, err := readThrough(f); errors.Is(err, backup.ErrDamaged) {
		return out, fmt.Errorf("%s is not a whole backup: it is cut, damaged, or something else. Nothing was changed", f.Name())
	} else if err != nil {
		return out, fmt.Errorf("read %s, nothing was changed: %w", f.Name(), err)
	}
	saved := "meridian-before-restore-" + time.Now().UTC().Format("20060102T150405Z") + ".backup"
	h, _, err := download(ctx, cl, saved)
	if err != nil {
		return out, fmt.Errorf("nothing was restored, since what is there could not be saved: %w", err)
	}
	fmt.Fprintf(a.err, "Saved what was there, revision %d, as %s.\n", h.Position.Revision, saved)
	return out, send(url.Values{"replace": {"true"}})
}

// restoreOffline is the same on the database itself.
func restoreOffline(ctx context.Context, dsn string, f *os.File, dry, replace bool) (out restoreAnswer, err error) {
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return out, err
	}
	defer st.Close()
	svc, err := control.New(ctx, control.Options{Store: st})
	if err != nil {
		return out, err
	}
	if out.Plan, err = svc.PlanRestore(ctx, f, control.AllGood()); err != nil {
		return out, err
	}
	if out.Position, err = svc.Head(ctx); err != nil {
		return out, err
	}
	if out.DryRun = dry; dry {
		return out, nil
	}
	if !out.Plan.Empty && !replace {
		return out, &client.Problem{Status: http.StatusConflict, Code: "not_empty", Detail: fmt.Sprintf("The store has a configuration, at revision %d; look at what would change with --dry-run, and repeat with --replace.", out.Position.Revision)}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return out, fmt.Errorf("read backup: %w", err)
	}
	done, err := svc.Restore(ctx, f, store.RestoreOptions{})
	out.Position = done.Position
	return out, err
}

func (a *app) printRestore(out restoreAnswer) {
	p := out.Plan
	created, changed, deleted := printChanges(a.out, p.Changes)
	how := "%d created, %d changed, %d deleted.\n"
	if out.DryRun {
		how = "%d to create, %d to change, %d to delete.\n"
	}
	fmt.Fprintf(a.out, how, created, changed, deleted)
	if out.DryRun && len(p.Changes) > 0 {
		a.printEffect(&p.Effect, false)
	}
	for text, list := range map[string][]string{"end": p.Goes, "are valid again, revoked or not": p.Returns} {
		if len(list) > 0 {
			fmt.Fprintf(a.err, "warning: credentials that %s: %s\n", text, strings.Join(list, ", "))
		}
	}
	if out.DryRun {
		fmt.Fprintf(a.out, "The backup is of %s, revision %d, by %s.\n", when(p.Made), p.Position.Revision, p.Release)
		return
	}
	fmt.Fprintf(a.out, "Restored revision %d of %s, as epoch %d.\n", out.Position.Revision, when(p.Made), out.Position.Epoch)
}

// waitEpoch polls until every node that was heard lately has the restored state.
func (a *app) waitEpoch(ctx context.Context, cl *client.Client, pos traffic.Position, timeout time.Duration) error {
	for deadline := time.Now().Add(timeout); ; {
		var nodes struct {
			Items []control.Node `json:"items"`
		}
		// Control starts anew meanwhile.
		err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: "/nodes", Query: url.Values{"limit": {"1000"}}}, &nodes)
		var away *client.Unreachable
		if err != nil && !errors.As(err, &away) {
			return err
		}
		heard, behind := 0, []string{}
		for _, n := range nodes.Items {
			if !n.Present() {
				continue
			}
			heard++
			if n.Position.Before(pos) {
				behind = append(behind, n.ID)
			}
		}
		switch {
		case err == nil && heard > 0 && len(behind) == 0:
			fmt.Fprintf(a.out, "Applied by %s.\n", plural(heard, "node"))
			return nil
		case time.Now().After(deadline) && err != nil:
			return err
		case time.Now().After(deadline) && heard == 0:
			return fmt.Errorf("the state is restored, but no node has been heard within 30 s")
		case time.Now().After(deadline):
			return fmt.Errorf("the state is restored, but after %v not applied by %s", timeout, strings.Join(behind, ", "))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
