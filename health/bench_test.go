package health_test

import (
	"testing"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/view"
)

func BenchmarkTasks10k(b *testing.B) {
	m := model(b, 10_000)
	for b.Loop() {
		if len(health.Tasks(m)) != 10_000 {
			b.Fatal("tasks are missing")
		}
	}
}

func BenchmarkSetModel10k(b *testing.B) {
	m := model(b, 10_000)
	v := view.New(view.Options{Log: quiet})
	for b.Loop() {
		v.SetModel(m)
	}
}
