package distribute

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// DialOptions say where and as whom to connect.
type DialOptions struct {
	// Servers are nats:// or tls:// URLs; two or more in production, so that one can be
	// restarted. Empty with an in-process server.
	Servers []string
	// Name identifies the connection in the server's lists.
	Name string
	// Inbox is the prefix of answers: broker.InboxPrefix(node id). Empty for control.
	Inbox string
	TLS   *tls.Config
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

// Dial returns at once, connected or not: it keeps trying for as long as the Bus is
// open, through wrong credentials too (an operator may restore them). The error is
// about the options.
func Dial(o DialOptions) (*Bus, error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Bus{log: log, remote: len(o.Servers) > 0}
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
		nats.ConnectHandler(func(nc *nats.Conn) { b.connected(nc) }),
		nats.ReconnectHandler(func(nc *nats.Conn) { b.connected(nc) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to the message bus lost; going on with what is here", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			// A permission violation arrives here and nowhere else.
			log.Warn("message bus reports an error", "subject", subject, "error", err)
		}),
	}
	if o.Inbox != "" {
		opts = append(opts, nats.CustomInboxPrefix(o.Inbox))
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
