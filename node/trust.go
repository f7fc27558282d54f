package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/internal/pki"
)

// openAuthority reads the installation's certificate authority from the store, so that
// a second control process and a restored one have the same; nodes hold it in their
// tokens. The public half lies in the data folder, for people and their clients.
func (n *node) openAuthority(ctx context.Context) error {
	c := n.control
	b, err := c.store.Secret(ctx, store.SecretAuthority, func() ([]byte, error) {
		a, err := pki.NewAuthority(time.Now())
		if err != nil {
			return nil, err
		}
		return a.Marshal()
	})
	if err != nil {
		return err
	}
	if c.authority, err = pki.Parse(b); err != nil {
		return err
	}
	c.authorityFile = filepath.Join(n.o.Data, "ca.pem")
	if old, err := os.ReadFile(c.authorityFile); err == nil && bytes.Equal(old, c.authority.PEM()) {
		return nil
	}
	if err := os.WriteFile(c.authorityFile, c.authority.PEM(), 0o644); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	return nil
}

// certificate gives a listener its certificate, and keeps it fresh.
func (n *node) certificate(s *pki.Server, err error) (*tls.Config, error) {
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.certs = append(n.certs, s)
	n.mu.Unlock()
	return s.TLS(), nil
}

// reload reads certificates again when the process is told to.
func (n *node) reload(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.o.Reload:
		}
		for _, s := range n.certs {
			if err := s.Reload(); err != nil {
				n.log.Error("the certificate stays the one that it was", "error", err)
			}
		}
	}
}

// httpTLS is how an HTTP address is served: plain on loopback unless files are given,
// else with their certificate or one of our own authority.
func (n *node) httpTLS(addr string) (*tls.Config, error) {
	switch {
	case n.o.TLSCert != "":
		return n.certificate(pki.FromFiles(n.o.TLSCert, n.o.TLSKey))
	case loopback(addr):
		return nil, nil
	}
	return n.certificate(pki.NewServer(n.control.authority, serverNames(addr)))
}

// serverNames are the names under which others may reach what listens at an address,
// and further ones, host or host:port, with or without a scheme.
func serverNames(listen string, further ...string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, a := range append([]string{listen}, further...) {
		if _, rest, ok := strings.Cut(a, "://"); ok {
			a = rest
		}
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			host = a
		}
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			for _, own := range ownAddresses() {
				add(own)
			}
			continue
		}
		add(host)
	}
	if h, err := os.Hostname(); err == nil {
		add(h)
	}
	return names
}

// ownAddresses are this machine's, as others may see them.
func ownAddresses() []string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // without names the certificate fits fewer addresses, which clients then say
	}
	var out []string
	for _, a := range list {
		if p, ok := a.(*net.IPNet); ok && p.IP.IsGlobalUnicast() {
			out = append(out, p.IP.String())
		}
	}
	return out
}

// advertised are the URLs under which nodes reach the embedded server: what was given,
// else this machine's own addresses when it listens on all of them.
func (n *node) advertised() []string {
	hosts := n.o.Advertise
	if host, port, err := net.SplitHostPort(n.o.Listen); len(hosts) == 0 && err == nil && port != "0" {
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			for _, own := range ownAddresses() {
				hosts = append(hosts, net.JoinHostPort(own, port))
			}
		}
	}
	out := make([]string, 0, len(hosts))
	for _, h := range hosts {
		if !strings.Contains(h, "://") {
			h = "tls://" + h
		}
		out = append(out, h)
	}
	return out
}

// startBroker starts the embedded server.
func (n *node) startBroker(dial *distribute.DialOptions, users []broker.User, older bool) error {
	dir, err := n.dir("nats")
	if err != nil {
		return err
	}
	o := broker.Options{Dir: dir, Listen: n.o.Listen, Advertise: n.advertised(), Users: users, Older: older, Log: n.log}
	if o.Listen != "" {
		if o.TLS, err = n.certificate(pki.NewServer(n.control.authority, serverNames(o.Listen, o.Advertise...))); err != nil {
			return err
		}
	}
	if n.control.broker, err = broker.Start(o); err != nil {
		return err
	}
	if older && o.Listen != "" {
		n.alarm("older nodes", "nodes that were invited before this release connect without encryption; invite each again with 'meridian node invite --again', then restart control")
	}
	n.onStop(n.control.broker.Close)
	dial.Extra = append(dial.Extra, n.control.broker.ControlOptions()...)
	return nil
}

// useExternal prepares the connection to servers that somebody else runs.
func (n *node) useExternal(ctx context.Context, dial *distribute.DialOptions) error {
	c := n.control
	dial.Servers = strings.Split(n.o.NATS, ",")
	c.limits.Replicas, _ = n.o.replicas() // looked at with the options
	var err error
	remote := slices.ContainsFunc(dial.Servers, func(s string) bool { return !local(s) })
	if n.o.NATSCA != "" {
		if c.natsCA, err = pki.ReadBundle(n.o.NATSCA); err != nil {
			return fmt.Errorf("--nats-ca: %w", err)
		}
	}
	// Off loopback nothing is spoken in the clear, whatever the scheme says.
	if remote || len(c.natsCA) > 0 || slices.ContainsFunc(dial.Servers, func(s string) bool { return strings.HasPrefix(s, "tls://") }) {
		if dial.TLS, err = pki.Client(c.natsCA...); err != nil {
			return fmt.Errorf("--nats-ca: %w", err)
		}
	}
	cred, err := n.natsCredential(ctx, dial.Servers)
	if err != nil {
		return err
	}
	if cred != nil {
		dial.Extra = append(dial.Extra, cred)
	}
	return nil
}

// local reports whether a server is on this machine.
func local(server string) bool {
	u, err := url.Parse(server)
	return err == nil && loopback(net.JoinHostPort(u.Hostname(), "0"))
}

// natsCredential is how control signs in to an external server: by the file it was
// given, by what stands in the URLs, else by a key of its own from the store, which
// 'meridian node nats-config' names to the servers.
func (n *node) natsCredential(ctx context.Context, servers []string) (nats.Option, error) {
	c := n.control
	if n.o.NATSCreds != "" {
		b, err := os.ReadFile(n.o.NATSCreds)
		if err != nil {
			return nil, fmt.Errorf("--nats-creds: %w", err)
		}
		if strings.Contains(string(b), "BEGIN NATS USER JWT") {
			return nats.UserCredentials(n.o.NATSCreds), nil
		}
		return n.natsSeed(strings.TrimSpace(string(b)))
	}
	for _, s := range servers {
		if u, err := url.Parse(s); err == nil && u.User != nil {
			return nil, nil
		}
	}
	b, err := c.store.Secret(ctx, store.SecretNATS, func() ([]byte, error) {
		seed, _, err := broker.NewUser()
		return []byte(seed), err
	})
	if err != nil {
		return nil, err
	}
	return n.natsSeed(string(b))
}

func (n *node) natsSeed(seed string) (nats.Option, error) {
	public, err := broker.PublicOf(seed)
	if err != nil {
		return nil, fmt.Errorf("--nats-creds: %w; it must hold an nkey seed, which begins with SU, or be a .creds file", err)
	}
	n.control.natsKey = public
	return broker.Credential(seed)
}

// NATSConfig implements control.Inviter.
func (i inviter) NATSConfig(ctx context.Context) (string, error) {
	c := i.n.control
	if c.broker != nil {
		return "", invalid("control runs its own NATS server, which knows all nodes by itself; this is for --nats nats://…")
	}
	users, _, err := i.n.invited(ctx)
	if err != nil {
		return "", err
	}
	return broker.Config(c.natsKey, users)
}

// servers are the addresses of the message bus for a node's token, with the
// authorities that it shall believe.
func (n *node) servers() (urls []string, authorities [][]byte, err error) {
	c := n.control
	if c.broker == nil {
		for _, s := range strings.Split(n.o.NATS, ",") {
			u, err := url.Parse(s)
			if err != nil {
				return nil, nil, errors.New("--nats: an address cannot be read") // not echoed: it may hold a password
			}
			u.User = nil
			if !local(s) {
				u.Scheme = "tls"
			}
			urls = append(urls, u.String())
		}
		return urls, c.natsCA, nil
	}
	if urls = c.broker.URLs(); len(urls) == 0 {
		return nil, nil, invalid("control takes no nodes: start it with --nats-listen ADDR, and --nats-advertise HOST:PORT if they reach it under another address")
	}
	return urls, [][]byte{c.authority.DER()}, nil
}
