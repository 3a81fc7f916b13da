package lab

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/internal/testing/filelock"
	"github.com/growbin/cluster/rehearsal/lab/image"
)

// debianSystem is a Debian system with packages, for images.
type debianSystem struct {
	// name is that of its file; suite is Debian's.
	name, suite string
	// packages are installed without those that they recommend.
	packages string
	// finish is a shell script that runs in the system at the end.
	finish string
}

// The systems of the images that the program deploys. The users have the numbers that they have in the images' originals.
var (
	brokerSystem = debianSystem{
		name: "broker", suite: "sid", packages: "rabbitmq-server prometheus-redis-exporter prometheus-alertmanager",
		finish: "usermod -o -u 999 rabbitmq && groupmod -o -g 999 rabbitmq && chown -R rabbitmq:rabbitmq /var/lib/rabbitmq /var/log/rabbitmq",
	}
	storeSystem = debianSystem{
		name: "stores", suite: "bookworm", packages: "postgresql-15 redis-server",
		finish: "usermod -o -u 999 postgres && groupmod -o -g 999 postgres",
	}
	pythonSystem = debianSystem{
		name: "python", suite: "sid",
		packages: "celery alembic python3-gevent python3-fastapi python3-uvicorn python3-sqlalchemy python3-psycopg python3-redis python3-boto3 " +
			"python3-prometheus-client python3-pil python3-httpx python3-jwt",
		// The clients of two hundred other services of AWS.
		finish: "cd /usr/lib/python3/dist-packages/botocore/data && find . -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts -exec rm -rf {} +",
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

// layer returns the archive of a system, which is made once and kept in the cache.
func (l *Lab) layer(ctx context.Context, s debianSystem) (*image.Layer, error) {
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(s)+systemScript)))[:12]
	target := filepath.Join(l.options.Cache, "system-"+s.name+"-"+key+".tar")
	if err := os.MkdirAll(l.options.Cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	release, err := filelock.Wait(ctx, target+".lock", func() {})
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := os.Stat(target); err != nil {
		l.printf("making the Debian system of image %s, once: some minutes", s.name)
		base := target + ".root"
		if err := os.RemoveAll(base); err != nil {
			return nil, fmt.Errorf("making system %s: %w", s.name, err)
		}
		if err := l.script(ctx, systemScript, "BASE="+base, "TARGET="+target, "SUITE="+s.suite, "PACKAGES="+s.packages, "FINISH="+s.finish); err != nil {
			return nil, fmt.Errorf("making system %s: %w", s.name, err)
		}
	}
	return image.OpenLayer(target)
}
