package distribute

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/distribute/stream"
)

// DialOptions say where and as whom to connect.
type DialOptions struct {
	// Servers are nats:// or tls:// URLs; two or more in production, so that one can be
	// restarted. Empty with an in-process server.
	Servers []string
	// Name identifies the connection in the server's lists.
	Name string
	// Node is the id under which answers arrive (broker.InboxPrefix). Empty for control.
	Node string
	TLS  *tls.Config
	// Extra holds the credential (broker.Credential) or broker.ControlOptions.
	Extra []nats.Option
	Log   *slog.Logger
}

// Waits between connection attempts: at once to another server, then doubling to
// maxWait with jitter, so that a restarted server is neither missed for long nor run
// over by hundreds of nodes in one moment.
const (
	firstWait = 50 * time.Millisecond
	maxWait   = 3 * time.Second
)

func reconnectWait(round int) time.Duration {
	d := maxWait
	if round < 7 {
		d = min(maxWait, firstWait<<max(round-1, 0))
	}
	return d/2 + rand.N(d/2+1)
}

// orControl is control's place for answers: no node can have such an id.
func orControl(node string) string {
	if node == "" {
		return "$control"
	}
	return node
}

// Dial returns at once, connected or not: it keeps trying for as long as the Bus is
// open, through wrong credentials too (an operator may restore them). The error is
// about the options.
func Dial(o DialOptions) (*Bus, error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	tried := &refusals{log: log}
	b := &Bus{log: log, remote: len(o.Servers) > 0, asker: orControl(o.Node)}
	opts := []nats.Option{
		nats.Name(o.Name),
		nats.MaxReconnects(-1),
		nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(),
		nats.CustomReconnectDelay(reconnectWait),
		nats.Timeout(3 * time.Second),
		nats.PingInterval(5 * time.Second), // a silent cut is noticed in 10 to 15 s
		nats.MaxPingsOutstanding(2),
		// Nothing is kept while cut off: a heartbeat or an observation delivered a minute
		// late would be taken for a fresh one. Publish says so by an error.
		nats.ReconnectBufSize(-1),
		nats.ConnectHandler(func(nc *nats.Conn) { tried.note(nil); b.connected(nc) }),
		nats.ReconnectHandler(func(nc *nats.Conn) { tried.note(nil); b.connected(nc) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to the message bus lost; going on with what is here", "error", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { tried.note(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrAuthorization) {
				tried.note(err)
				return
			}
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			// A permission violation arrives here and nowhere else.
			log.Warn("message bus reports an error", "subject", subject, "error", err)
		}),
	}
	if o.Node != "" {
		opts = append(opts, nats.CustomInboxPrefix(stream.InboxPrefix(o.Node)))
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS))
	}
	nc, err := nats.Connect(strings.Join(o.Servers, ","), append(opts, o.Extra...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", strings.Join(o.Servers, ","), err)
	}
	b.nc = nc
	return b, nil
}

// refusals says why a connection does not come about, once for each reason: attempts
// follow each other every few seconds, for as long as the trouble lasts.
type refusals struct {
	log *slog.Logger

	mu   sync.Mutex // guards the field below
	last string
}

func (r *refusals) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.last = ""
		return
	}
	if err.Error() == r.last {
		return
	}
	r.last = err.Error()
	hint := ""
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		hint = "another authority signed the server's certificate than the one that was given; a node needs a new join token"
	case errors.As(err, &name):
		hint = "the server's certificate is not for the name by which it is reached; see --nats-advertise"
	case errors.Is(err, nats.ErrSecureConnWanted):
		hint = "the server speaks no TLS, which is required off loopback and with a certificate authority"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrNkeysNotSupported):
		hint = "the server does not know this credential: a node must be invited; an external server must have the users of 'meridian node nats-config'"
	}
	r.log.Warn("no connection to the message bus; trying again", "error", err, "hint", hint)
}
