package config

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

func (n *Node) text(t *testing.T) []byte {
	t.Helper()
	b, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
