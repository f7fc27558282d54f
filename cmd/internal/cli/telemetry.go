package cli

import (
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/node"
	"github.com/meridian-gtm/meridian/resolve/dnstap"
)

// telemetryFlags adds the flags of what a node tells of itself.
func telemetryFlags(f *pflag.FlagSet, n *config.Node) {
	f.StringVar(&n.Metrics.Token, "metrics-token", "", "`FILE` with the bearer token for /metrics of a node without control, from beyond loopback")
	f.StringVar(&n.Metrics.Names, "metrics-names", "", "tell apart up to `N` access domains in /metrics (default none)")
	f.StringVar(&n.QueryLog.File, "querylog-file", "", "`FILE` to which queries are written as JSON lines (default none)")
	f.StringVar(&n.QueryLog.Sample, "querylog-sample", "", "write one query in `N` (default 1)")
	f.StringVar(&n.QueryLog.Size, "querylog-size", "", "begin a new file at `SIZE`, like 500MB (default 100MB)")
	f.StringVar(&n.QueryLog.Keep, "querylog-keep", "", "keep `N` full files (default 5)")
	f.StringVar(&n.QueryLog.Clients, "querylog-clients", "", "clients in the file: network (/24, /48) or whole (default network)")
	f.StringVar(&n.QueryLog.Tail, "querylog-tail", "", "on or off: let control's operators look at queries of this node (default on)")
	f.StringVar(&n.Dnstap.To, "dnstap-to", "", "collector of dnstap, unix:PATH or tcp:HOST:PORT (default none)")
	f.StringVar(&n.Dnstap.Sample, "dnstap-sample", "", "send one query in `N` (default 1)")
	f.StringSliceVar(&n.Dnstap.Domains, "dnstap-domains", nil, "send only answers of these access domains, NAME/TYPE (default all queries)")
	f.StringVar(&n.Dnstap.Messages, "dnstap-messages", "", "responses, or both queries and responses (default responses)")
}

// telemetry reads the settings of what a node tells of itself.
func telemetry(n *config.Node, o *node.Options) error {
	names, err := whole("--metrics-names", n.Metrics.Names, 0, 1000)
	if err != nil {
		return err
	}
	o.MetricsToken, o.MetricsNames = n.Metrics.Token, int(names)
	q := &o.QueryLog
	q.File = n.QueryLog.File
	every, err := whole("--querylog-sample", n.QueryLog.Sample, 1, math.MaxUint32)
	if err != nil {
		return err
	}
	q.Every = uint32(every)
	if q.Size, err = octets("--querylog-size", n.QueryLog.Size); err != nil {
		return err
	}
	keep, err := whole("--querylog-keep", n.QueryLog.Keep, 1, 1000)
	if err != nil {
		return err
	}
	q.Keep = int(keep)
	if q.Whole, err = either("--querylog-clients", n.QueryLog.Clients, "network", "whole"); err != nil {
		return err
	}
	if q.NoTail, err = either("--querylog-tail", n.QueryLog.Tail, "on", "off"); err != nil {
		return err
	}
	d := &o.Dnstap
	if n.Dnstap.To != "" {
		if d.Target, err = dnstap.ParseTarget(n.Dnstap.To); err != nil {
			return usagef("--dnstap-to: %v", err)
		}
	} else if n.Dnstap.Sample != "" || n.Dnstap.Messages != "" || len(n.Dnstap.Domains) > 0 {
		return usagef("--dnstap-sample, -domains and -messages are for a collector; give --dnstap-to too, or leave them out")
	}
	every, err = whole("--dnstap-sample", n.Dnstap.Sample, 1, math.MaxUint32)
	if err != nil {
		return err
	}
	d.Every = uint32(every)
	for _, name := range n.Dnstap.Domains {
		host, typ, ok := strings.Cut(name, "/")
		if !ok || host == "" || typ == "" {
			return usagef("--dnstap-domains: %q is not NAME/TYPE, like www.example.com/A", name)
		}
		// As keys are written everywhere: a name that matches nothing would send nothing.
		d.Domains = append(d.Domains, strings.ToLower(strings.TrimSuffix(host, "."))+"/"+strings.ToUpper(typ))
	}
	d.Queries, err = either("--dnstap-messages", n.Dnstap.Messages, "responses", "both")
	return err
}

// whole reads a number; 0 when it is not set.
func whole(flag, text string, least, most uint64) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v < least || v > most {
		return 0, usagef("%s %q: write a number, %d to %d", flag, text, least, most)
	}
	return v, nil
}

// octets reads a size like 500MB; 0 when it is not set.
func octets(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	digits, unit := strings.ToUpper(text), int64(1)
	for _, u := range []struct {
		name string
		size int64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}} {
		if d, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = d, u.size
			break
		}
	}
	v, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || v < 1 || v > math.MaxInt64/unit {
		return 0, usagef("%s %q: write a size like 500MB", flag, text)
	}
	return v * unit, nil
}

// either reads one of two words, the first being the default.
func either(flag, text, no, yes string) (bool, error) {
	switch text {
	case "", no:
		return false, nil
	case yes:
		return true, nil
	}
	return false, usagef("%s %q: use %s or %s", flag, text, no, yes)
}
