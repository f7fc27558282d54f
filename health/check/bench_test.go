package check

import (
	"io"
	"net"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
)

// The figures include the peer, which runs in the same process.

func BenchmarkTCP(b *testing.B) {
	host, port := peer(b, "tcp4", "127.0.0.1:0", nil)
	p, j := prober(b), job(host, port, nil)
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Probe(b.Context(), j); !r.OK {
			b.Fatalf("%+v", r)
		}
	}
}

func BenchmarkHTTP(b *testing.B) {
	host, port := peer(b, "tcp4", "127.0.0.1:0", func(c net.Conn) {
		buf := make([]byte, 4096)
		c.Read(buf)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	p, j := prober(b), job(host, port, web(traffic.HTTPOptions{ExpectBody: "ok"}))
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Probe(b.Context(), j); !r.OK {
			b.Fatalf("%+v", r)
		}
	}
}

func BenchmarkHTTPS(b *testing.B) {
	s := newSite(b, page, newIssuer(b).config(b, 1e15, "www.example.com"))
	no := false
	p, j := prober(b), job(s.host, s.port, webTLS(traffic.HTTPOptions{Verify: &no}))
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Probe(b.Context(), j); !r.OK {
			b.Fatalf("%+v", r)
		}
	}
}

func BenchmarkPing(b *testing.B) {
	p, j := prober(b), job("127.0.0.1", 0, pings(traffic.PingOptions{Packets: 1}))
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Probe(b.Context(), j); !r.OK {
			b.Fatalf("%+v", r)
		}
	}
}
