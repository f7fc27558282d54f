package send_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/internal/pki"
)

// mailServer is a small SMTP server (RFC 5321) that speaks TLS: as asked for with
// STARTTLS, from the first byte, or not at all.
type mailServer struct {
	t       *testing.T
	l       net.Listener
	conf    *tls.Config
	ca      []byte
	mode    string
	reject  string // in answer to the mail, "" to take it
	mu      sync.Mutex
	mails   []mailSeen
	clear   []string // commands with secrets that came without TLS
	handled sync.WaitGroup
}

type mailSeen struct {
	from string
	to   []string
	auth string
	data string
	tls  bool
}

func startMail(t *testing.T, mode, reject string) *mailServer {
	t.Helper()
	a, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pki.NewServer(a, []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{t: t, conf: cert.TLS(), ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.DER()}), mode: mode, reject: reject}
	if s.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if mode == send.Implicit {
		s.l = tls.NewListener(s.l, s.conf)
	}
	s.handled.Go(func() {
		for {
			c, err := s.l.Accept()
			if err != nil {
				return
			}
			s.handled.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		s.l.Close()
		s.handled.Wait()
	})
	return s
}

func (s *mailServer) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	secure := s.mode == send.Implicit
	say("220 test ESMTP")
	var m mailSeen
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		switch verb {
		case "EHLO":
			say("250-test")
			if s.mode == send.StartTLS && !secure {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN LOGIN")
		case "STARTTLS":
			say("220 go on")
			t := tls.Server(c, s.conf)
			if t.Handshake() != nil {
				return
			}
			c, r, secure = t, bufio.NewReader(t), true
		case "AUTH":
			if !secure {
				s.mu.Lock()
				s.clear = append(s.clear, line)
				s.mu.Unlock()
			}
			b, _ := base64.StdEncoding.DecodeString(line[strings.LastIndexByte(line, ' ')+1:])
			m.auth = string(b)
			if !strings.HasSuffix(m.auth, "\x00pass") {
				say("535 no")
				continue
			}
			say("235 ok")
		case "MAIL":
			m.from = line
			say("250 ok")
		case "RCPT":
			m.to = append(m.to, line)
			say("250 ok")
		case "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				data.WriteString(l)
			}
			m.data, m.tls = data.String(), secure
			if s.reject != "" {
				say("%s", s.reject)
				continue
			}
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			m = mailSeen{}
			say("250 queued as 42")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) channel() *send.Channel {
	return &send.Channel{Name: "ops", Kind: send.Email, Host: "127.0.0.1", Port: s.l.Addr().(*net.TCPAddr).Port, TLS: s.mode, CA: s.ca, Username: "user", Secret: "pass",
		From: "Meridian <gtm@example.com>", To: []string{"ops@example.com", "Wang <wang@example.com>"}}
}

func TestMailGoesEncrypted(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{send.StartTLS, send.Implicit} {
		s := startMail(t, mode, "")
		m := message()
		m.Title = "[Meridian] 错误：地址池 hz 不可用"
		for range 2 { // sent again it is the same mail
			answer, err := send.New(loopback).Send(t.Context(), s.channel(), m)
			if err != nil || !strings.Contains(answer, "accepted") {
				t.Fatalf("%s: %q %v", mode, answer, err)
			}
		}
		if len(s.mails) != 2 {
			t.Fatalf("%s: %d mails", mode, len(s.mails))
		}
		got := s.mails[0]
		if !got.tls || got.auth != "\x00user\x00pass" || !strings.Contains(got.from, "<gtm@example.com>") || len(got.to) != 2 || !strings.Contains(got.to[1], "<wang@example.com>") {
			t.Errorf("%s: %+v", mode, got)
		}
		for _, m := range s.mails {
			for _, want := range []string{"Message-ID: <delivery-1@example.com>", "References: <bundle-7@example.com>", "Auto-Submitted: auto-generated", "=?UTF-8?q?[Meridian]_=E9=94=99", "Out: hz_1.", "https://gtm.example.com/alerts"} {
				if !strings.Contains(strings.ReplaceAll(m.data, "=\r\n", ""), want) {
					t.Errorf("%s: no %q in\n%s", mode, want, m.data)
				}
			}
		}
	}
}

// TestMailNeverGoesInTheClearUnasked: a server that offers no encryption, or shows a
// certificate of somebody else, gets neither the mail nor the password.
func TestMailNeverGoesInTheClearUnasked(t *testing.T) {
	t.Parallel()
	plain := startMail(t, send.NoTLS, "")
	c := plain.channel()
	c.TLS = ""
	if _, err := send.New(loopback).Send(t.Context(), c, message()); err == nil || strings.Contains(err.Error(), "pass") {
		t.Errorf("without STARTTLS: %v", err)
	}
	c.TLS = send.NoTLS // asked for, but with a password
	if _, err := send.New(loopback).Send(t.Context(), c, message()); err == nil {
		t.Error("a password went in the clear")
	}
	if len(plain.clear) > 0 || len(plain.mails) > 0 {
		t.Errorf("in the clear: %q, %d mails", plain.clear, len(plain.mails))
	}
	c.Username, c.Secret = "", ""
	if _, err := send.New(loopback).Send(t.Context(), c, message()); err != nil || len(plain.mails) != 1 {
		t.Errorf("asked for, without a password: %v", err)
	}
	other := startMail(t, send.StartTLS, "")
	c = other.channel()
	c.CA = plain.ca
	if _, err := send.New(loopback).Send(t.Context(), c, message()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with another authority: %v", err)
	}
}

func TestMailRefusals(t *testing.T) {
	t.Parallel()
	for reject, final := range map[string]bool{"552 too large": true, "554 no": false, "451 later": false} {
		s := startMail(t, send.StartTLS, reject)
		_, err := send.New(loopback).Send(t.Context(), s.channel(), message())
		f, ok := err.(*send.Failure)
		if !ok || f.Final != final || !strings.Contains(f.Text, reject[:3]) {
			t.Errorf("%s: %+v", reject, err)
		}
	}
	s := startMail(t, send.StartTLS, "")
	c := s.channel()
	c.Secret = "wrong-one"
	if _, err := send.New(loopback).Send(t.Context(), c, message()); err == nil || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("a wrong password: %v", err)
	}
}
