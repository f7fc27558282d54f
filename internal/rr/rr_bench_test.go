package rr

import (
	"fmt"
	"strings"
	"testing"
)

// A large zone must not keep an import waiting.
func BenchmarkReadMaster(b *testing.B) {
	const records = 10_000
	var text strings.Builder
	for i := range records {
		fmt.Fprintf(&text, "h%d 300 A 192.0.2.1\n", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		got, err := ReadMaster(strings.NewReader(text.String()), "example.com.")
		if err != nil || len(got) != records {
			b.Fatal(len(got), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
