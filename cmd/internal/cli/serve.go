package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/node"
	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	var (
		path, quickstart string
		flags            config.Node
		labels           []string
	)
	c := &cobra.Command{
		Use: "serve", GroupID: "server", Short: "Run a server: control, resolver and prober in one process, or a part", Args: exactly(0),
		Long: `Run a server. Without --roles and --join it is everything in one process: the
configuration store with its API, the DNS resolver and the prober.

Every flag can stand in the node file (--config, the flag's name with underscores) and
in the environment (MERIDIAN_DATA; nested keys with two underscores). Flags win over
the environment, the environment over the file.`,
		Example: "  meridian serve --data ./data --dns 127.0.0.1:5300 --api 127.0.0.1:8080",
	}
	f := c.Flags()
	f.StringVar(&path, "config", "", "node `FILE`")
	f.StringSliceVar(&flags.Roles, "roles", nil, "roles of this process: control, resolver, prober (default all, or the join token's)")
	f.StringVar(&flags.Data, "data", "", "`FOLDER` of everything that lasts (default ./data)")
	f.StringSliceVar(&flags.DNS, "dns", nil, "`ADDR` for DNS over UDP and TCP; may be repeated (default :53)")
	f.StringVar(&flags.API, "api", "", "`ADDR` of API and console (default 127.0.0.1:8080)")
	f.StringVar(&flags.HTTP, "http", "", "`ADDR` of health pages, metrics and profiles")
	f.StringVar(&flags.TLSCert, "tls-cert", "", "PEM `FILE` of the certificate for --api and --http (default from the installation's own authority)")
	f.StringVar(&flags.TLSKey, "tls-key", "", "PEM `FILE` of its key")
	f.StringVar(&flags.Store, "store", "", "configuration store, sqlite:PATH or postgres://… (default sqlite in the data folder)")
	f.StringVar(&flags.History, "history", "", "database of events, measurements and statistics, sqlite:PATH or postgres://… (default history.db in the data folder, or a schema of its own in the PostgreSQL of --store)")
	f.StringVar(&flags.NATS, "nats", "", "embedded, or nats://…[,…] (default embedded)")
	f.StringVar(&flags.NATSCreds, "nats-creds", "", "`FILE` with control's credential for an external NATS: an nkey seed or a .creds file (default a seed of its own; see node nats-config)")
	f.StringVar(&flags.NATSCA, "nats-ca", "", "PEM `FILE` of the authorities of an external NATS (default the system's)")
	f.StringVar(&flags.NATSReplicas, "nats-replicas", "", "`N` servers of an external NATS that hold each stream: 1, 3 or 5 (default 3 when --nats names three or more, else 1)")
	f.StringVar(&flags.NATSListen, "nats-listen", "", "`ADDR` at which the embedded NATS takes nodes of other machines")
	f.StringSliceVar(&flags.NATSAdvertise, "nats-advertise", nil, "`HOST:PORT` under which other nodes reach --nats-listen")
	f.StringVar(&flags.Join, "join", "", "join `TOKEN`, or the file that holds it, for a node without control")
	f.StringVar(&flags.ID, "id", "", "`ID` of this node (default the join token's, else the host's name)")
	f.StringVar(&flags.Vantage, "vantage", "", "`ID` of the prober's vantage (default the node's)")
	f.StringArrayVar(&labels, "label", nil, "`K=V` of the node and its vantage; may be repeated")
	f.StringVar(&flags.Geo, "geo", "", "`FOLDER` of the location data (default geo in the data folder)")
	f.StringSliceVar(&flags.ProbeAllow, "probe-allow", nil, "`CIDR` that probes may reach though it is loopback, link-local, multicast or cloud metadata; may be repeated")
	f.StringSliceVar(&flags.AlertAllow, "alert-allow", nil, "`CIDR` that messages about alerts may go to though it is private, loopback or link-local; may be repeated")
	f.StringVar(&flags.KeepRevisions, "keep-revisions", "", fmt.Sprintf("how many of the newest revisions keep their content, `N` (default %d)", control.DefaultRetention.Revisions))
	f.StringVar(&flags.KeepFor, "keep-for", "", fmt.Sprintf("how long all revisions keep their content, a `DURATION` like 2160h (default %.0fh)", control.DefaultRetention.Age.Hours()))
	f.StringVar(&flags.Log.Level, "log-level", "", "debug, info, warn or error (default info)")
	f.StringVar(&flags.Log.Format, "log-format", "", "text or json (default text)")
	telemetryFlags(f, &flags)
	f.StringVar(&quickstart, "quickstart", "", "on an empty data folder load this `FILE`; answer HTTP for its loopback addresses")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		conf, err := config.Load(path, os.Environ())
		if err != nil {
			return err
		}
		if flags.Labels, err = config.Labels(labels); err != nil {
			return &usageError{err}
		}
		conf.Override(flags)
		var level slog.LevelVar
		log, err := conf.Log.Logger(a.err, &level)
		if err != nil {
			return &usageError{err}
		}
		allow, err := config.Prefixes(conf.ProbeAllow)
		if err != nil {
			return usagef("--probe-allow: %v", err)
		}
		alertAllow, err := config.Prefixes(conf.AlertAllow)
		if err != nil {
			return usagef("--alert-allow: %v", err)
		}
		keep, err := retention(conf.KeepRevisions, conf.KeepFor)
		if err != nil {
			return err
		}
		reload := make(chan struct{}, 1)
		reread := func() error {
			select {
			case reload <- struct{}{}: // certificates: node logs what is wrong with one
			default:
			}
			next, err := config.Load(path, os.Environ())
			if err != nil {
				return err
			}
			next.Override(flags)
			return next.Log.SetLevel(&level)
		}
		people, err := provider(conf.OIDC)
		if err != nil {
			return err
		}
		defer onHangup(log, reread)()
		o := node.Options{
			Roles: conf.Roles, Data: conf.Data, DNS: conf.DNS, API: conf.API, HTTP: conf.HTTP, TLSCert: conf.TLSCert, TLSKey: conf.TLSKey, Store: conf.Store, History: conf.History, NATS: conf.NATS,
			NATSCreds: conf.NATSCreds, NATSCA: conf.NATSCA, NATSReplicas: conf.NATSReplicas, Reload: reload,
			Listen: conf.NATSListen, Advertise: conf.NATSAdvertise, Join: conf.Join, ID: conf.ID, Vantage: conf.Vantage, Labels: conf.Labels,
			Geo: conf.Geo, ProbeAllow: allow, AlertAllow: alertAllow, Retention: keep, OIDC: people, Quickstart: quickstart, Version: a.fullVersion(), Log: log, Ready: a.announce,
		}
		if err := telemetry(conf, &o); err != nil {
			return err
		}
		err = node.Run(cmd.Context(), o)
		var bad *node.OptionError
		if errors.As(err, &bad) {
			return &usageError{err}
		}
		return err
	}
	return c
}

// retention reads how much of the history keeps its content. At least one revision
// does, so that the last change can be undone.
func retention(revisions, age string) (control.Retention, error) {
	r := control.DefaultRetention
	var err error
	if revisions != "" {
		if r.Revisions, err = strconv.ParseUint(revisions, 10, 32); err != nil || r.Revisions == 0 {
			return r, usagef("--keep-revisions %q: write how many, at least 1", revisions)
		}
	}
	if age != "" {
		if r.Age, err = time.ParseDuration(age); err != nil || r.Age < 0 {
			return r, usagef("--keep-for %q: write a duration like 2160h, which is 90 days", age)
		}
	}
	return r, nil
}

// onHangup reads the node file again at each SIGHUP. What can change in a running
// process are the log level and the content of certificate files; a file with a fault
// leaves everything as it was.
func onHangup(log *slog.Logger, reread func() error) (stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range ch {
			if err := reread(); err != nil {
				log.Error("node file is not taken over", "error", err)
				continue
			}
			log.Info("node file and certificates read again; the log level is in force, other settings wait for the next start")
		}
	}()
	return func() {
		signal.Stop(ch)
		close(ch)
		<-done
	}
}

// announce tells the person at the terminal, once, where everything is.
func (a *app) announce(at node.Addrs) {
	for _, d := range at.DNS {
		fmt.Fprintf(a.out, "DNS      %s (UDP and TCP)\n", d)
	}
	if at.API != "" {
		fmt.Fprintf(a.out, "API      %s\n", at.API)
	}
	if at.HTTP != "" {
		fmt.Fprintf(a.out, "health   %s/healthz\n", at.HTTP)
	}
	if at.AdminToken != "" {
		fmt.Fprintf(a.out, "token    %s\n", at.AdminToken)
	}
	if at.CA != "" {
		fmt.Fprintf(a.out, "CA       %s (for MERIDIAN_CA)\n", at.CA)
	}
	if len(at.Quickstart) == 0 {
		return
	}
	fmt.Fprintln(a.out, "\nTry this in another terminal:")
	for _, line := range at.Quickstart {
		fmt.Fprintln(a.out, "  "+line)
	}
	if at.API != "" && at.AdminToken != "" {
		fmt.Fprintf(a.out, "  export MERIDIAN_SERVER=%s MERIDIAN_TOKEN=$(cat %s)\n", at.API, at.AdminToken)
		self, err := os.Executable()
		if err != nil {
			self = "meridian"
		}
		fmt.Fprintf(a.out, "  %s status\n", self)
		fmt.Fprintf(a.out, "The console is at %s ; the first user is made there with the token in %s\n", at.API, at.AdminToken)
		fmt.Fprintf(a.out, "The API is described at %s/api/docs\n", at.API)
	}
}
