package listen

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// One worker on loopback, four clients with 16 requests each under way. The
// clients share the machine, so compare backends and not machines.
func BenchmarkUDP(b *testing.B) {
	for _, kind := range backends() {
		b.Run(kind, func(b *testing.B) {
			s, err := Open([]string{"127.0.0.1:0"}, Config{Backend: kind, Workers: 1, NewWorker: func(bool) Worker {
				return Worker{Handle: func(dst, req []byte, _ netip.AddrPort, _ bool) []byte { return append(dst, req...) }}
			}})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			var server, clients sync.WaitGroup
			server.Go(func() {
				if err := s.Run(ctx); err != nil {
					b.Error(err)
				}
			})
			const n, window = 4, 16
			b.ResetTimer()
			for range n {
				c, err := net.Dial("udp", s.Addrs()[0].String())
				if err != nil {
					b.Fatal(err)
				}
				clients.Go(func() {
					defer c.Close()
					req, buf := make([]byte, 40), make([]byte, 100)
					for done := 0; done < b.N/n+1; {
						for range window {
							c.Write(req)
						}
						// A lost datagram must not stop the clients.
						c.SetReadDeadline(time.Now().Add(time.Second))
						for range window {
							if _, err := c.Read(buf); err != nil {
								break
							}
							done++
						}
					}
				})
			}
			clients.Wait()
			b.StopTimer()
			cancel()
			server.Wait()
		})
	}
}
