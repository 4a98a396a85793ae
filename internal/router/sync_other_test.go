//go:build !linux

package router_test

import "os"

func fdatasync(f *os.File) error { return f.Sync() }
