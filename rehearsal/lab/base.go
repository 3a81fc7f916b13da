package lab

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// suite is the Debian release of the hosts: the one whose packages this kind of machine can fetch. Real nodes run Ubuntu.
const suite = "bookworm"

// hostPackages are on every host before its first boot. Those of Ubuntu's cloud image that the boot scripts use are here; the
// others are what the packages of Kubernetes depend on, so that a host needs no mirror of Debian.
const hostPackages = "cloud-init curl python3 openssl gnupg iptables conntrack ethtool socat ebtables runc e2fsprogs mount util-linux " +
	"containernetworking-plugins libseccomp2 iproute2 procps kmod udev dbus systemd systemd-sysv ca-certificates"

// toolPackages are what the lab itself needs, by a program of each.
var toolPackages = map[string]string{
	"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2", "losetup": "mount", "mkfs.ext4": "e2fsprogs", "nsenter": "util-linux",
}

// installTools installs what is missing.
func (l *Lab) installTools(ctx context.Context) error {
	var missing []string
	for program, name := range toolPackages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	l.say("installing %s", strings.Join(missing, " "))
	return l.script(ctx, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "+strings.Join(missing, " "))
}

// base is the folder of a Debian system that hosts are copied from. It is made once and kept in the cache.
func (l *Lab) base(ctx context.Context) (string, error) {
	if err := l.installTools(ctx); err != nil {
		return "", fmt.Errorf("installing the lab's tools: %w", err)
	}
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(suite+hostPackages+baseScript)))[:12]
	folder := filepath.Join(l.options.Cache, "base-"+suite+"-"+key)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(l.options.Cache, 0o755); err != nil {
		return "", fmt.Errorf("making room in the cache: %w", err)
	}
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("locking the base system: %w", err)
	}
	defer lock.Close() // which releases it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("locking the base system: %w", err)
	}
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	l.say("making a Debian system with debootstrap, once: some minutes")
	unfinished := folder + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", fmt.Errorf("making the base system: %w", err)
	}
	if err := l.script(ctx, baseScript, "BASE="+unfinished, "SUITE="+suite, "PACKAGES="+hostPackages); err != nil {
		return "", fmt.Errorf("making the base system: %w", err)
	}
	if err := os.Rename(unfinished, folder); err != nil {
		return "", fmt.Errorf("making the base system: %w", err)
	}
	return folder, nil
}

// baseScript makes the base. cloud-init comes by apt: debootstrap would leave it unconfigured.
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

// script runs a shell script; its output goes to the lab's log.
func (l *Lab) script(ctx context.Context, text string, environment ...string) error {
	command := exec.CommandContext(ctx, "sh", "-c", text)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = l.log, l.log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	if err := command.Run(); err != nil {
		return fmt.Errorf("%w: see %s", err, l.log.Name())
	}
	return nil
}
