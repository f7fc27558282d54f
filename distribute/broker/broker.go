package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/meridian-gtm/meridian/distribute/internal/durable"
)

// Options of an embedded server. Dir is required.
type Options struct {
	// Dir holds streams and the control user's seed. Made with mode 0700.
	Dir string
	// Listen is the address for nodes on other machines, host:port; port 0 takes a free
	// one. Empty: no socket at all.
	Listen string
	// TLS, if set, is required of every connection on Listen.
	TLS *tls.Config
	// Advertise are the addresses under which nodes reach Listen, for their tokens.
	Advertise []string
	// MaxStore and MaxMemory bound JetStream, in bytes; default 4 GiB and 256 MiB.
	MaxStore, MaxMemory int64
	// Users are the nodes that may connect. SetUsers changes them later.
	Users []User
	// Older: nodes of a release before TLS are among them. They connect without it, and
	// nodes answer questions in the way that those understand.
	Older bool
	Log   *slog.Logger
}

// User is a node that may connect.
type User struct {
	// PublicKey is the nkey that its token's seed belongs to; it begins with U.
	PublicKey string
	Node      Node
}

// Broker is a running server.
type Broker struct {
	srv   *server.Server
	seed  string
	pub   string
	adv   []string
	older bool

	mu   sync.Mutex // guards opts
	opts *server.Options
}

// readyIn is how long a server may take to open its streams at start. 200,000 keys
// took 0.4 s in a trial; a slow disk after a crash gets twenty times that.
const readyIn = 10 * time.Second

// Start opens the streams in Dir and serves. It returns when clients can connect.
func Start(o Options) (*Broker, error) {
	if o.Dir == "" {
		return nil, errors.New("start broker: no folder given")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	seed, pub, err := controlSeed(filepath.Join(o.Dir, "control.seed"))
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	opts := &server.Options{
		ServerName: "meridian-" + strings.ToLower(pub[len(pub)-8:]),
		DontListen: true,
		NoSigs:     true,
		NoLog:      true, // the server's own logger; ours is set below
		JetStream:  true,
		StoreDir:   o.Dir,
		SyncAlways: true,
		// The server rounds down what it has; these are ceilings.
		JetStreamMaxStore:  orElse(o.MaxStore, 4<<30),
		JetStreamMaxMemory: orElse(o.MaxMemory, 256<<20),
		MaxPayload:         server.MAX_PAYLOAD_SIZE,
		MaxPending:         64 << 20,
		PingInterval:       5 * time.Second, // a cut link is noticed in 15 s, not in 6 minutes
		MaxPingsOut:        2,
		WriteDeadline:      5 * time.Second,
	}
	if o.Listen != "" {
		host, port, err := listenOn(o.Listen)
		if err != nil {
			return nil, fmt.Errorf("start broker: listen address %q: %w", o.Listen, err)
		}
		opts.DontListen, opts.Host, opts.Port = false, host, port
		if o.TLS != nil {
			opts.TLSConfig, opts.TLS, opts.TLSVerify, opts.TLSTimeout, opts.AllowNonTLS = o.TLS, true, false, 5, o.Older
		}
	}
	if !opts.DontListen {
		// The server only logs why it cannot, and is waited for in vain.
		l, err := net.Listen("tcp", net.JoinHostPort(opts.Host, strconv.Itoa(max(opts.Port, 0))))
		if err != nil {
			return nil, fmt.Errorf("start broker: listen address %s: %w; choose another address, or end the program that has it", o.Listen, err)
		}
		l.Close()
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Broker{seed: seed, pub: pub, adv: o.Advertise, older: o.Older, opts: opts}
	if opts.Nkeys, err = b.nkeyUsers(o.Users); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if b.srv, err = server.NewServer(opts.Clone()); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	b.srv.SetLoggerV2(logger{log.With("part", "nats")}, false, false, false)
	b.srv.Start()
	if !b.srv.ReadyForConnections(readyIn) || !b.srv.JetStreamEnabled() {
		b.Close()
		return nil, fmt.Errorf("start broker: not ready within %s; see the log above for the server's reason", readyIn)
	}
	return b, nil
}

func orElse(v, def int64) int64 {
	if v == 0 {
		return def
	}
	return v
}

func listenOn(addr string) (string, int, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q is not a number up to 65535", port)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

// controlSeed reads the seed of the control user, making one at the first start.
func controlSeed(path string) (seed, pub string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if seed, pub, err = NewUser(); err != nil {
			return "", "", err
		}
		if err := durable.Replace(path, []byte(seed+"\n")); err != nil {
			return "", "", fmt.Errorf("save control's seed: %w", err)
		}
		return seed, pub, nil
	}
	if err != nil {
		return "", "", fmt.Errorf("read control's seed: %w", err)
	}
	seed = strings.TrimSpace(string(b))
	if pub, err = PublicOf(seed); err != nil {
		return "", "", fmt.Errorf("read control's seed in %s: %w", path, err)
	}
	return seed, pub, nil
}

// NewUser makes a credential: the seed goes into the node's token, the public key
// into control's list of users.
func NewUser() (seed, public string, err error) {
	kp, err := nkeys.CreateUser()
	if err != nil {
		return "", "", fmt.Errorf("make credential: %w", err)
	}
	s, err := kp.Seed()
	if err != nil {
		return "", "", fmt.Errorf("make credential: %w", err)
	}
	pub, err := kp.PublicKey()
	if err != nil {
		return "", "", fmt.Errorf("make credential: %w", err)
	}
	return string(s), pub, nil
}

// PublicOf returns the public key of a seed. Errors never repeat it.
func PublicOf(seed string) (string, error) {
	kp, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", errors.New("the credential is not an nkey seed")
	}
	pub, err := kp.PublicKey()
	if err != nil || !nkeys.IsValidPublicUserKey(pub) {
		return "", errors.New("the credential is not the seed of a user")
	}
	return pub, nil
}

func (b *Broker) nkeyUsers(users []User) ([]*server.NkeyUser, error) {
	out := []*server.NkeyUser{{Nkey: b.pub}} // control: everything
	for _, u := range users {
		if !nkeys.IsValidPublicUserKey(u.PublicKey) {
			return nil, fmt.Errorf("user %q: its public key is not one of a user", u.Node.ID)
		}
		p, err := Permissions(u.Node)
		if err != nil {
			return nil, err
		}
		if b.older && p != nil {
			p.Response = answerAny()
		}
		out = append(out, &server.NkeyUser{Nkey: u.PublicKey, Permissions: p})
	}
	return out, nil
}

// SetUsers replaces the nodes that may connect. Connections of users that are gone
// or whose permissions changed are closed.
func (b *Broker) SetUsers(users []User) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, err := b.nkeyUsers(users)
	if err != nil {
		return fmt.Errorf("set broker users: %w", err)
	}
	next := b.opts.Clone()
	next.Nkeys = list
	if err := b.srv.ReloadOptions(next.Clone()); err != nil {
		return fmt.Errorf("set broker users: %w", err)
	}
	b.opts = next
	return nil
}

// ControlOptions are the client options of control, in process: no socket, all
// permissions. Give them to distribute.Dial.
func (b *Broker) ControlOptions() []nats.Option {
	sign, err := Credential(b.seed)
	if err != nil {
		panic(err) // the seed was checked at Start
	}
	return []nats.Option{nats.InProcessServer(b.srv), sign}
}

// ControlSeed is the credential of control, for a control process elsewhere that
// uses this server.
func (b *Broker) ControlSeed() string { return b.seed }

// Credential is the client option that signs in with a seed.
func Credential(seed string) (nats.Option, error) {
	pub, err := PublicOf(seed)
	if err != nil {
		return nil, err
	}
	return nats.Nkey(pub, func(nonce []byte) ([]byte, error) {
		kp, err := nkeys.FromSeed([]byte(seed))
		if err != nil {
			return nil, err
		}
		defer kp.Wipe()
		return kp.Sign(nonce)
	}), nil
}

// URLs are the addresses that nodes connect to: what was advertised, else the
// listening address; empty without Listen.
func (b *Broker) URLs() []string {
	if len(b.adv) > 0 {
		return slices.Clone(b.adv)
	}
	a := b.srv.Addr()
	if a == nil {
		return nil
	}
	scheme := "nats"
	if b.opts.TLSConfig != nil {
		scheme = "tls"
	}
	return []string{(&url.URL{Scheme: scheme, Host: a.String()}).String()}
}

// Close ends the server and returns when its files are closed. It may be called twice.
func (b *Broker) Close() {
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}
