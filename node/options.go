package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/resolve/dnstap"
)

// Roles of a process.
const (
	RoleControl  = broker.RoleControl
	RoleResolver = broker.RoleResolver
	RoleProber   = broker.RoleProber
)

// Options of a process. The zero value of a field means its default.
type Options struct {
	Roles []string // default all three; with Join, the token's role
	Data  string   // folder of everything that lasts; default ./data
	DNS   []string // resolver: addresses for UDP and TCP; default :53
	API   string   // control: address of API and console; default 127.0.0.1:8080
	HTTP  string   // health pages, metrics and pprof; default none beside the API
	Store string   // control: sqlite:PATH or postgres://…; default sqlite:DATA/meridian.db
	// History is where control keeps events, measurements and statistics: sqlite:PATH or
	// postgres://…; default sqlite:DATA/history.db beside SQLite, else a schema of its own
	// in the database of Store.
	History string
	// TLSCert and TLSKey are PEM files for API and HTTP; default is a certificate of the
	// installation's own authority wherever an address is not loopback.
	TLSCert, TLSKey string
	NATS            string // embedded (default) or nats://…[,…]
	// With an external NATS: the file with control's credential (default one of its own,
	// kept in the store), that with the authorities of the servers (default the
	// system's), and on how many servers each stream lies (default 3 of three or more).
	NATSCreds, NATSCA, NATSReplicas string
	Listen                          string // control with embedded NATS: address for nodes on other machines
	// Advertise are the addresses under which other nodes reach Listen, host:port.
	Advertise []string
	Join      string            // token of a node without control
	ID        string            // of this node; default the token's, else the host's name
	Vantage   string            // prober: its id; default the node's
	Labels    map[string]string // of the node and its vantage; default the token's, then control's
	// OwnLabels is filled in: the labels are from here, so control's are not taken.
	OwnLabels bool
	Geo       string // control: folder of the location data; default DATA/geo
	// ProbeAllow are networks that probes may reach though they are loopback,
	// link-local, multicast or cloud metadata.
	ProbeAllow []netip.Prefix
	// AlertAllow are networks that messages about alerts may go to though they are private,
	// loopback or link-local.
	AlertAllow []netip.Prefix
	// Retention of the history of changes, by control; the zero value means
	// control.DefaultRetention.
	Retention control.Retention
	// OIDC is the identity provider at which people may sign in; nil for none.
	OIDC *oidc.Config
	// MetricsToken is the file with the bearer token for /metrics of a node without
	// control, "" for none; MetricsNames is how many access domains are told apart there.
	MetricsToken string
	MetricsNames int
	QueryLog     QueryLog // resolver
	Dnstap       Dnstap   // resolver
	// Quickstart is a declarative file to load into an empty installation; its own HTTP
	// endpoints are started on loopback.
	Quickstart string
	Version    string
	Log        *slog.Logger
	// Reload, if set, asks with each value to read certificate files again.
	Reload <-chan struct{}
	// Ready, if set, is called once when everything that the roles promise is there.
	Ready func(Addrs)
}

// QueryLog is what a resolver tells of single queries. The zero value tells control,
// when it asks, and writes no file.
type QueryLog struct {
	File   string // of JSON lines; "" for none
	Every  uint32 // one query in so many goes to the file; 0 means 1
	Size   int64  // of a file, in octets, until the next one is begun; 0 means 100 MB
	Keep   int    // how many full files stay; 0 means 5
	Whole  bool   // the file holds addresses of clients, not their networks
	NoTail bool   // control is told nothing
}

// Dnstap is what a collector gets of a resolver; without a target there is none.
type Dnstap struct {
	Target  dnstap.Target
	Every   uint32   // one query in so many; 0 means 1
	Domains []string // NAME/TYPE: only answers of these access domains; none means all
	Queries bool     // beside responses
}

// Addrs are the bound addresses, with real ports where 0 was asked for.
type Addrs struct {
	DNS  []netip.AddrPort
	API  string // URL
	HTTP string // URL
	NATS []string
	// AdminToken is the path of the file with the first token.
	AdminToken string
	// CA is the path of the authority's certificate, if the API shows one of it.
	CA         string
	Quickstart []string // what to try, line by line; empty unless it was just loaded
}

// stay makes the next run of a process bind what this one had bound, and not greet again.
func (o *Options) stay(at Addrs) {
	if len(at.DNS) > 0 {
		o.DNS = nil
		for _, a := range at.DNS {
			o.DNS = append(o.DNS, a.String())
		}
	}
	host := func(to *string, bound string) {
		if u, err := url.Parse(bound); err == nil && u.Host != "" {
			*to = u.Host
		}
	}
	host(&o.API, at.API)
	host(&o.HTTP, at.HTTP)
	if o.Listen != "" && len(o.Advertise) == 0 && len(at.NATS) == 1 {
		host(&o.Listen, at.NATS[0])
	}
	o.Ready = nil
}

// OptionError says that a process cannot start as it was asked to: what is wrong is in
// the options, and nothing was opened or made yet.
type OptionError struct{ Err error }

func (e *OptionError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionError) Unwrap() error { return e.Err }

// complete fills defaults and refuses what does not fit together.
func (o *Options) complete() (*broker.Token, error) {
	t, err := o.fill()
	if err == nil {
		err = o.checkAddresses()
	}
	if err != nil {
		return nil, &OptionError{err}
	}
	return t, nil
}

// checkAddresses looks at the form of what will be bound; whether it can be is seen then.
func (o *Options) checkAddresses() error {
	check := func(flag, addr string) error {
		_, port, err := net.SplitHostPort(addr)
		if _, convErr := strconv.ParseUint(port, 10, 16); err != nil || convErr != nil {
			return fmt.Errorf("%s %q is no address; write HOST:PORT, like 127.0.0.1:5300, [::1]:5300 or :5300", flag, addr)
		}
		return nil
	}
	for _, a := range o.DNS {
		if err := check("--dns", a); err != nil {
			return err
		}
	}
	for flag, a := range map[string]string{"--api": o.API, "--http": o.HTTP, "--nats-listen": o.Listen} {
		if a == "" {
			continue
		}
		if err := check(flag, a); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) fill() (*broker.Token, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Data == "" {
		o.Data = "data"
	}
	if o.Retention == (control.Retention{}) {
		o.Retention = control.DefaultRetention
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, fmt.Errorf("data folder %q: %w", o.Data, err)
	}
	o.Data = data
	token, err := o.joinToken()
	if err != nil {
		return nil, err
	}
	if len(o.Roles) == 0 {
		o.Roles = []string{RoleControl, RoleResolver, RoleProber}
		if token != nil {
			o.Roles = []string{token.Role}
		}
	}
	for _, r := range o.Roles {
		if r != RoleControl && r != RoleResolver && r != RoleProber {
			return nil, fmt.Errorf("role %q is unknown; use control, resolver or prober", r)
		}
	}
	if err := o.fit(token); err != nil {
		return nil, err
	}
	if o.ID == "" {
		o.ID = hostID()
		if token != nil {
			o.ID = token.NodeID
		}
	}
	if err := broker.CheckID("node id", o.ID); err != nil {
		return nil, err
	}
	if o.Vantage == "" {
		o.Vantage = o.ID
		if token != nil && token.Vantage != "" {
			o.Vantage = token.Vantage
		}
	}
	if err := broker.CheckID("vantage id", o.Vantage); err != nil {
		return nil, err
	}
	o.OwnLabels = len(o.Labels) > 0
	if !o.OwnLabels && token != nil {
		o.Labels = token.Labels
	}
	if len(o.DNS) == 0 {
		o.DNS = []string{":53"}
	}
	if o.API == "" {
		o.API = "127.0.0.1:8080"
	}
	if o.Store == "" {
		o.Store = "sqlite:" + filepath.Join(o.Data, "meridian.db")
	}
	if err := history.CheckDSN(o.Store); err != nil {
		return nil, fmt.Errorf("--store: %w", err)
	}
	if o.History == "" {
		o.History = o.Store
		if strings.HasPrefix(o.Store, "sqlite:") {
			o.History = "sqlite:" + filepath.Join(o.Data, "history.db")
		}
	}
	if err := history.CheckDSN(o.History); err != nil {
		return nil, fmt.Errorf("--history: %w", err)
	}
	if file, ok := strings.CutPrefix(o.History, "sqlite:"); ok && o.Store != "" {
		a, errA := filepath.Abs(file)
		b, errB := filepath.Abs(strings.TrimPrefix(o.Store, "sqlite:"))
		if errA == nil && errB == nil && a == b {
			return nil, fmt.Errorf("--history: %s is the file of the configuration; give history a file of its own", file)
		}
	}
	if o.NATS == "" {
		o.NATS = "embedded"
	}
	if o.Geo == "" {
		o.Geo = filepath.Join(o.Data, "geo")
	}
	return token, nil
}

func (o *Options) joinToken() (*broker.Token, error) {
	if o.Join == "" {
		return nil, nil
	}
	text := o.Join
	if !strings.HasPrefix(strings.TrimSpace(text), "mrd1.") { // a token may be given as a file
		b, err := os.ReadFile(text)
		if err != nil {
			return nil, fmt.Errorf("--join is neither a token, which begins with mrd1., nor a file that can be read: %w", err)
		}
		text = string(b)
	}
	t, err := broker.DecodeToken(text)
	if err != nil {
		return nil, err
	}
	return &t, nil
}

func (o *Options) fit(token *broker.Token) error {
	control := slices.Contains(o.Roles, RoleControl)
	if o.OIDC != nil {
		if !control {
			return errors.New("oidc is for a node with the role control, where people sign in; leave it out")
		}
		if err := o.OIDC.Check(); err != nil {
			return err
		}
	}
	switch {
	case control && token != nil:
		return errors.New("a node with the role control does not join another; leave --join out")
	case !control && token == nil:
		return errors.New("a node without the role control needs --join TOKEN; 'meridian node invite' on control makes one")
	case token != nil && !slices.Equal(o.Roles, []string{token.Role}):
		return fmt.Errorf("the join token is for the role %s; ask control for one for %s", token.Role, strings.Join(o.Roles, " and "))
	case token != nil && o.NATS != "":
		return errors.New("--nats stands beside --join, which names the servers already; leave one out")
	case o.Listen != "" && o.NATS != "" && o.NATS != "embedded":
		return errors.New("--nats-listen is for the embedded server; leave it out with an external one")
	case o.Quickstart != "" && len(o.Roles) != 3:
		return errors.New("--quickstart needs all three roles in one process")
	}
	if err := o.fitTelemetry(); err != nil {
		return err
	}
	if err := o.fitTLS(); err != nil {
		return err
	}
	if o.NATS != "" && o.NATS != "embedded" {
		for s := range strings.SplitSeq(o.NATS, ",") {
			if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
				return errors.New("--nats: use embedded, or nats:// or tls:// addresses with commas between them")
			}
		}
	}
	return nil
}

// fitTelemetry looks at what belongs to a resolver, and to a node without control.
func (o *Options) fitTelemetry() error {
	resolver := slices.Contains(o.Roles, RoleResolver)
	switch {
	case !resolver && (o.QueryLog != QueryLog{}):
		return errors.New("querylog is for a node with the role resolver; leave it out")
	case !resolver && o.Dnstap.Target != dnstap.Target{}:
		return errors.New("dnstap is for a node with the role resolver; leave it out")
	case !resolver && o.MetricsNames != 0:
		return errors.New("--metrics-names is for a node with the role resolver; leave it out")
	case o.MetricsToken != "" && slices.Contains(o.Roles, RoleControl):
		return errors.New("--metrics-token is for a node without control; control's own tokens are good for its /metrics")
	case o.MetricsToken != "" && o.HTTP == "":
		return errors.New("--metrics-token is for the pages of --http; give that too")
	}
	return o.QueryLog.complete()
}

// fitTLS looks at what belongs to certificates and to an external NATS.
func (o *Options) fitTLS() error {
	external := o.NATS != "" && o.NATS != "embedded"
	for flag, value := range map[string]string{"--nats-creds": o.NATSCreds, "--nats-ca": o.NATSCA, "--nats-replicas": o.NATSReplicas} {
		if value != "" && !external {
			return fmt.Errorf("%s is for an external NATS; give --nats nats://… too, or leave it out", flag)
		}
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together; give both or neither")
	}
	if o.HTTP != "" && o.TLSCert == "" && !slices.Contains(o.Roles, RoleControl) && !loopback(o.HTTP) {
		// A node holds no authority from which it could have a certificate.
		return fmt.Errorf("--http %s is not loopback, and a node without the role control has no certificate of its own; give --tls-cert and --tls-key, or a loopback address", o.HTTP)
	}
	if _, err := o.replicas(); err != nil {
		return err
	}
	return nil
}

// replicas is on how many servers each stream lies.
func (o *Options) replicas() (int, error) {
	switch o.NATSReplicas {
	case "":
		if strings.Count(o.NATS, ",") >= 2 {
			return 3, nil
		}
		return 1, nil
	case "1", "3", "5":
		return strconv.Atoi(o.NATSReplicas)
	}
	return 0, fmt.Errorf("--nats-replicas %q: use 1, 3 or 5", o.NATSReplicas)
}

// loopback reports whether an address to listen on cannot be reached from elsewhere.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func (o *Options) has(role string) bool { return slices.Contains(o.Roles, role) }

// hostID makes an id of the host's name: it is shown to people and stands in subjects.
func hostID() string {
	h, err := os.Hostname()
	if err != nil || h == "" {
		return "node"
	}
	h, _, _ = strings.Cut(h, ".")
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, h)
	return id[:min(len(id), 63)]
}

// udpWorkers is how many sockets each DNS address gets: one per core that Go may use.
func udpWorkers() int { return runtime.GOMAXPROCS(0) }
