package kubeadm

import (
	"embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

//go:embed scripts
var scripts embed.FS

// commonScripts run on every node; the driver runs those named in STEPS.
var commonScripts = []string{"bootstrap.sh", "lib.sh", "host.sh", "apt.sh", "packages.sh", "containerd.sh", "kubelet.sh", "metadata.sh", "images.sh"}

// scriptFile is the embedded script as a file for cloud-init to write.
func scriptFile(name string) (userdata.File, error) {
	return embedded(name, userdata.ScriptsDir+"/"+name, "0755")
}

// unitFile is the embedded systemd unit as a file for cloud-init to write.
func unitFile(name string) (userdata.File, error) {
	return embedded(name, "/etc/systemd/system/"+name, "0644")
}

func embedded(name, path, permissions string) (userdata.File, error) {
	content, err := scripts.ReadFile("scripts/" + name)
	if err != nil {
		return userdata.File{}, fmt.Errorf("embedded script %s: %w", name, err)
	}
	text := commentLine.ReplaceAllStringFunc(string(content), keepDirective)
	return newFile(path, permissions, trailingComment.ReplaceAllString(text, "$1")), nil
}

// commentLine is a line that holds a comment only. Comments are a quarter of the scripts; user data has room for 16 KiB. Line 1,
// the interpreter's, stays.
var commentLine = regexp.MustCompile(`(?m)^[ \t]*#([^!\n].*)?\n`)

// trailingComment is a comment behind something else. One with a quote or a dollar stays: it could be part of a string.
var trailingComment = regexp.MustCompile(`(?m)([^ \t\n])[ \t]+# [^\n'"$]*$`)

// keepDirective drops a comment unless it is for shellcheck, which also checks user data.
func keepDirective(comment string) string {
	if strings.Contains(comment, "# shellcheck ") {
		return comment
	}
	return ""
}
