package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is a node's own file. An absent field has the default of the flag of the
// same name; see "meridian serve --help".
type Node struct {
	Roles         []string          `yaml:"roles"`          // control, resolver, prober; all three, or the join token's
	Data          string            `yaml:"data"`           // folder of everything that lasts
	DNS           []string          `yaml:"dns"`            // resolver: addresses for UDP and TCP
	API           string            `yaml:"api"`            // control: address of API and console
	HTTP          string            `yaml:"http"`           // health pages, metrics and pprof
	TLSCert       string            `yaml:"tls_cert"`       // PEM file of the certificate of api and http; default from the installation's own authority
	TLSKey        string            `yaml:"tls_key"`        // PEM file of its key
	Store         string            `yaml:"store"`          // control: sqlite:PATH or postgres://…
	History       string            `yaml:"history"`        // control: the same, for events, measurements and statistics
	NATS          string            `yaml:"nats"`           // embedded, or nats://…[,…]
	NATSCreds     string            `yaml:"nats_creds"`     // control with external NATS: file with its credential, an nkey seed or a .creds file
	NATSCA        string            `yaml:"nats_ca"`        // external NATS: PEM file of the authorities that signed its certificates
	NATSReplicas  string            `yaml:"nats_replicas"`  // external NATS: on how many servers each stream lies, 1, 3 or 5
	NATSListen    string            `yaml:"nats_listen"`    // control with embedded NATS: address for other nodes
	NATSAdvertise []string          `yaml:"nats_advertise"` // host:port under which other nodes reach nats_listen
	Join          string            `yaml:"join"`           // token of a node without control, or the file that holds it
	ID            string            `yaml:"id"`             // of this node; default the token's, else the host's name
	Vantage       string            `yaml:"vantage"`        // prober: its id; default the node's
	Labels        map[string]string `yaml:"labels"`         // of the node and its vantage
	Geo           string            `yaml:"geo"`            // control: folder of the location data
	ProbeAllow    []string          `yaml:"probe_allow"`    // networks that probes may reach though they are loopback and the like
	AlertAllow    []string          `yaml:"alert_allow"`    // networks that messages about alerts may go to though they are private, loopback or link-local
	KeepRevisions string            `yaml:"keep_revisions"` // control: how many of the newest revisions keep their content
	KeepFor       string            `yaml:"keep_for"`       // control: how long all revisions keep it, like 2160h
	Log           Log               `yaml:"log"`
	OIDC          OIDC              `yaml:"oidc"` // control: identity provider
	Metrics       Metrics           `yaml:"metrics"`
	QueryLog      QueryLog          `yaml:"querylog"` // resolver: single queries
	Dnstap        Dnstap            `yaml:"dnstap"`   // resolver: single queries, to a collector
}

// Metrics says what /metrics holds and who may read it.
type Metrics struct {
	Token string `yaml:"token"` // file with the bearer token of a node without control; default loopback only
	Names string `yaml:"names"` // how many access domains are told apart; default none
}

// QueryLog says what becomes of single queries.
type QueryLog struct {
	File    string `yaml:"file"`    // JSON lines; default none
	Sample  string `yaml:"sample"`  // one in so many; default 1
	Size    string `yaml:"size"`    // of a file until the next is begun, like 500MB; default 100MB
	Keep    string `yaml:"keep"`    // how many full files stay; default 5
	Clients string `yaml:"clients"` // network (/24, /48) or whole; default network
	Tail    string `yaml:"tail"`    // on or off: whether control's operators may look; default on
}

// Dnstap says what a collector gets.
type Dnstap struct {
	To       string   `yaml:"to"`       // unix:PATH or tcp:HOST:PORT; default none
	Sample   string   `yaml:"sample"`   // one in so many; default 1
	Domains  []string `yaml:"domains"`  // only answers of these access domains, NAME/TYPE; default all
	Messages string   `yaml:"messages"` // responses or both; default responses
}

// OIDC is the identity provider at which people may sign in; without an issuer there is
// none. It stands in the file or the environment only: it has too many parts for flags.
type OIDC struct {
	Issuer       string            `yaml:"issuer"`             // URL, as the provider spells it
	ClientID     string            `yaml:"client_id"`          // as registered there
	ClientSecret string            `yaml:"client_secret_file"` // file that holds the secret; never the secret itself
	RedirectURL  string            `yaml:"redirect_url"`       // https://…/api/v1/session/oidc/callback, as registered there
	Scopes       []string          `yaml:"scopes"`             // default openid, profile
	NameClaim    string            `yaml:"name_claim"`         // default preferred_username
	GroupsClaim  string            `yaml:"groups_claim"`       // default groups
	Audiences    []string          `yaml:"audiences"`          // trusted in tokens beside client_id
	Grants       map[string]string `yaml:"grants"`             // group: what it may do, like "viewer; operator:team=web"
}

// Log says what the process writes to standard error.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error; default info
	Format string `yaml:"format"` // text or json; default text
}

// Load reads the file (none if path is empty) and lays the environment over it:
// entries like NAME=VALUE, as os.Environ gives them.
func Load(path string, environ []string) (*Node, error) {
	n := &Node{}
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read node file: %w", err)
		}
		if err := n.parse(path, b); err != nil {
			return nil, err
		}
	}
	if err := n.overlay(environ); err != nil {
		return nil, err
	}
	return n, nil
}

var unknownField = regexp.MustCompile(`^line (\d+): field (\S+) not found in type .*$`)

// parse reads the YAML text. name stands in errors.
func (n *Node) parse(name string, b []byte) error {
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	err := dec.Decode(n)
	if errors.Is(err, io.EOF) {
		return nil // an empty file sets nothing
	}
	if err == nil {
		if dec.Decode(&yaml.Node{}) != io.EOF {
			return fmt.Errorf("%s: has more than one document; a node has one file", name)
		}
		return nil
	}
	var types *yaml.TypeError
	if !errors.As(err, &types) {
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var out []error
	for _, e := range types.Errors {
		if m := unknownField.FindStringSubmatch(e); m != nil {
			out = append(out, fmt.Errorf("%s:%s: field %s is unknown; known are %s", name, m[1], m[2], strings.Join(fields(reflect.TypeFor[Node](), ""), ", ")))
			continue
		}
		line, text, _ := strings.Cut(strings.TrimPrefix(e, "line "), ": ")
		out = append(out, fmt.Errorf("%s:%s: %s", name, line, text))
	}
	return errors.Join(out...)
}

// fields lists the paths of all fields, nested ones with a dot.
func fields(t reflect.Type, prefix string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct {
			out = append(out, fields(f.Type, name+".")...)
			continue
		}
		out = append(out, name)
	}
	return out
}

// overlay sets the fields that the environment names.
func (n *Node) overlay(environ []string) error {
	values := map[string]string{}
	for _, e := range environ {
		if k, v, ok := strings.Cut(e, "="); ok && strings.HasPrefix(k, "MERIDIAN_") {
			values[strings.TrimPrefix(k, "MERIDIAN_")] = v
		}
	}
	return overlay(reflect.ValueOf(n).Elem(), "", values)
}

func overlay(v reflect.Value, prefix string, values map[string]string) error {
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			if err := overlay(f, name+"__", values); err != nil {
				return err
			}
			continue
		}
		text, set := values[name]
		if !set {
			continue
		}
		switch f.Interface().(type) {
		case string:
			f.SetString(text)
		case []string:
			f.Set(reflect.ValueOf(List(text)))
		case map[string]string:
			m, err := Labels(List(text))
			if err != nil {
				return fmt.Errorf("MERIDIAN_%s: %w", name, err)
			}
			f.Set(reflect.ValueOf(m))
		default:
			panic("config: no reader for field " + name) // a new kind of field; its test finds this
		}
	}
	return nil
}

// List splits text at commas; empty parts are left out.
func List(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Labels reads key=value pairs.
func Labels(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("%q is not a label; write key=value, like country=CN", p)
		}
		out[k] = v
	}
	return out, nil
}

// Prefixes reads networks, or single addresses.
func Prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if a, err2 := netip.ParseAddr(s); err2 == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s is not a network; write it like 127.0.0.0/8", strconv.Quote(s))
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Logger returns the logger that the file describes.
func (l Log) Logger(w io.Writer, level *slog.LevelVar) (*slog.Logger, error) {
	if err := l.SetLevel(level); err != nil {
		return nil, err
	}
	opts := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "", "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, fmt.Errorf("log format %q is unknown; use text or json", l.Format)
}

// SetLevel puts the level in force, in running loggers too.
func (l Log) SetLevel(level *slog.LevelVar) error {
	to := slog.LevelInfo
	if l.Level != "" {
		if err := to.UnmarshalText([]byte(l.Level)); err != nil {
			return fmt.Errorf("log level %q is unknown; use debug, info, warn or error", l.Level)
		}
	}
	level.Set(to)
	return nil
}

// Override sets every field that is set in o: what flags say goes above the file.
func (n *Node) Override(o Node) {
	override(reflect.ValueOf(n).Elem(), reflect.ValueOf(o))
}

func override(to, from reflect.Value) {
	for i := range from.NumField() {
		switch f := from.Field(i); {
		case f.Kind() == reflect.Struct:
			override(to.Field(i), f)
		case !f.IsZero():
			to.Field(i).Set(f)
		}
	}
}
