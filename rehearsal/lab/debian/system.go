// Package debian makes Debian systems with packages, from which the lab makes images and tests run servers.
package debian

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/growbin/cluster/internal/testing/filelock"
)

// System is a Debian system with packages.
type System struct {
	// Name is that of its file; Suite is Debian's.
	Name, Suite string
	// Packages are installed without those that they recommend.
	Packages string
	// Finish is a shell script that runs in the system at the end.
	Finish string
}

// The systems of the images that the program deploys. The users have the numbers that they have in the images' originals.
var (
	Broker = System{
		Name: "broker", Suite: "sid", Packages: "rabbitmq-server prometheus-redis-exporter prometheus-alertmanager",
		Finish: "usermod -o -u 999 rabbitmq && groupmod -o -g 999 rabbitmq && chown -R rabbitmq:rabbitmq /var/lib/rabbitmq /var/log/rabbitmq",
	}
	Stores = System{
		Name: "stores", Suite: "bookworm", Packages: "postgresql-15 redis-server",
		Finish: "usermod -o -u 999 postgres && groupmod -o -g 999 postgres",
	}
	Python = System{
		Name: "python", Suite: "sid",
		Packages: "celery alembic python3-gevent python3-fastapi python3-uvicorn python3-sqlalchemy python3-psycopg python3-redis python3-boto3 " +
			"python3-prometheus-client python3-pil python3-httpx python3-jwt",
		// The clients of two hundred other services of AWS.
		Finish: "cd /usr/lib/python3/dist-packages/botocore/data && find . -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts -exec rm -rf {} +",
	}
)

// systemScript makes a system's archive. Debian's sid is a moving suite, and its index may have expired on a mirror.
const systemScript = `set -eu
debootstrap --variant=minbase "$SUITE" "$BASE" http://deb.debian.org/debian
printf 'path-exclude=/usr/share/%s/*\n' doc man locale info >"$BASE/etc/dpkg/dpkg.cfg.d/lab"
printf '#!/bin/sh\nexit 101\n' >"$BASE/usr/sbin/policy-rc.d"
chmod +x "$BASE/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$BASE" apt-get -qq -o Acquire::Check-Valid-Until=no update
chroot "$BASE" apt-get -qq install -y --no-install-recommends $PACKAGES
chroot "$BASE" sh -euc "$FINISH"
chroot "$BASE" apt-get -qq clean
rm -rf "$BASE"/usr/sbin/policy-rc.d "$BASE"/var/lib/apt/lists/* "$BASE"/usr/share/doc "$BASE"/usr/share/man "$BASE"/usr/share/locale "$BASE"/dev/* "$BASE"/etc/hostname
tar -C "$BASE" --numeric-owner --sort=name -cf "$TARGET.new" .
rm -rf "$BASE"
mv "$TARGET.new" "$TARGET"
`

// Cache returns the directory in which systems are kept between runs.
func Cache() (string, error) {
	directory, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory: %w", err)
	}
	return filepath.Join(directory, "growbin-rehearsal", "boot-lab"), nil
}

// Archive returns the system as an uncompressed tar file, which is made once and kept in the cache. It needs root. Output receives
// the commands' output.
func (s System) Archive(ctx context.Context, cache string, output io.Writer) (string, error) {
	target := s.path(cache) + ".tar"
	return target, Once(ctx, cache, target, func() error {
		base := target + ".root"
		if err := os.RemoveAll(base); err != nil {
			return fmt.Errorf("making system %s: %w", s.Name, err)
		}
		err := Script(ctx, output, systemScript, "BASE="+base, "TARGET="+target, "SUITE="+s.Suite, "PACKAGES="+s.Packages, "FINISH="+s.Finish)
		if err != nil {
			return fmt.Errorf("making system %s: %w", s.Name, err)
		}
		return nil
	})
}

// Directory returns the unpacked system, which is kept in the cache as well.
func (s System) Directory(ctx context.Context, cache string, output io.Writer) (string, error) {
	archive, err := s.Archive(ctx, cache, output)
	if err != nil {
		return "", err
	}
	target := s.path(cache)
	return target, Once(ctx, cache, target, func() error {
		if err := Script(ctx, output, unpackScript, "ARCHIVE="+archive, "TARGET="+target); err != nil {
			return fmt.Errorf("unpacking system %s: %w", s.Name, err)
		}
		return nil
	})
}

const unpackScript = `set -eu
rm -rf "$TARGET.new"
mkdir "$TARGET.new"
tar -C "$TARGET.new" --numeric-owner -xf "$ARCHIVE"
mv "$TARGET.new" "$TARGET"
`

// Missing reports whether the system's archive has yet to be made.
func (s System) Missing(cache string) bool {
	_, err := os.Stat(s.path(cache) + ".tar")
	return err != nil
}

// path is that of the unpacked system; it changes with the packages and the script.
func (s System) path(cache string) string {
	return filepath.Join(cache, "system-"+s.Name+"-"+fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(s)+systemScript)))[:12])
}

// Once makes a file or directory of the cache unless it is there, and lets other processes wait meanwhile.
func Once(ctx context.Context, cache, target string, make func() error) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	release, err := filelock.Wait(ctx, target+".lock", func() {})
	if err != nil {
		return err
	}
	defer release()
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	return make()
}

// Script runs a shell script and writes its output.
func Script(ctx context.Context, output io.Writer, text string, environment ...string) error {
	command := exec.CommandContext(ctx, "sh", "-c", text)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	return command.Run()
}
