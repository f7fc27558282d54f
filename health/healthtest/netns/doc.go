// Package netns gives a test a network of its own, so that it can really be cut.
package netns
