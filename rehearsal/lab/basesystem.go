package lab

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/rehearsal/lab/debian"
)

// suite is the Debian release of the hosts. Real nodes run Ubuntu, whose packages cannot be fetched here.
const suite = "bookworm"

// hostPackages are installed on every host before its first boot: those of Ubuntu's cloud image that the boot scripts use,
// and the dependencies of the Kubernetes packages, so that a host needs no Debian mirror; ipset is for the image of kube-router.
const hostPackages = "cloud-init curl python3 openssl gnupg iptables ipset conntrack ethtool socat ebtables runc e2fsprogs mount util-linux " +
	"containernetworking-plugins libseccomp2 iproute2 procps kmod udev dbus systemd systemd-sysv ca-certificates"

// baseSystem returns the directory of a Debian system, which is made once and kept in the cache.
func (l *Lab) baseSystem(ctx context.Context) (string, error) {
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(suite+hostPackages+baseScript)))[:12]
	directory := filepath.Join(l.options.Cache, "base-"+suite+"-"+key)
	if err := debian.Once(ctx, l.options.Cache, directory, func() error { return l.makeBaseSystem(ctx, directory) }); err != nil {
		return "", fmt.Errorf("making the base system: %w", err)
	}
	return directory, nil
}

func (l *Lab) makeBaseSystem(ctx context.Context, directory string) error {
	l.printf("making a Debian system with debootstrap, once: some minutes")
	unfinished := directory + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := l.script(ctx, baseScript, "BASE="+unfinished, "SUITE="+suite, "PACKAGES="+hostPackages); err != nil {
		return err
	}
	return os.Rename(unfinished, directory)
}

// baseScript makes the base system. cloud-init is installed by apt, because debootstrap would leave it unconfigured.
const baseScript = `set -eu
debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$BASE" http://deb.debian.org/debian
printf 'deb http://deb.debian.org/debian %s main\ndeb http://deb.debian.org/debian-security %s-security main\n' "$SUITE" "$SUITE" >"$BASE/etc/apt/sources.list"
printf '#!/bin/sh\nexit 101\n' >"$BASE/usr/sbin/policy-rc.d"
chmod +x "$BASE/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$BASE" apt-get -qq -o APT::Update::Error-Mode=any update
chroot "$BASE" apt-get -qq -y upgrade
chroot "$BASE" apt-get -qq install -y --no-install-recommends $PACKAGES
chroot "$BASE" apt-get -qq clean
rm -rf "$BASE/usr/sbin/policy-rc.d" "$BASE"/var/lib/apt/lists/* "$BASE/etc/hostname"
`
