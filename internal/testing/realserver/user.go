package realserver

import (
	"os"
	"os/user"
	"strconv"
	"testing"
)

// User is an account to run a server as.
type User struct {
	Name string
	UID  int
	GID  int
}

// Unprivileged returns an account for servers that refuse to run as root: nil, the test's own account,
// unless the test runs as root.
func Unprivileged(t testing.TB) *User {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(account.Uid)
		gid, gidErr := strconv.Atoi(account.Gid)
		if uidErr == nil && gidErr == nil {
			return &User{Name: name, UID: uid, GID: gid}
		}
	}
	t.Fatal("the test runs as root and there is neither a user postgres nor nobody to run the server as")
	return nil
}

// Account is the name of the account that a command with this user runs as.
func (u *User) Account(t testing.TB) string {
	t.Helper()
	if u != nil {
		return u.Name
	}
	own, err := user.Current()
	if err != nil {
		t.Fatalf("find the own account: %v", err)
	}
	return own.Username
}

// Folder makes a folder that the user owns and can reach. It is not t.TempDir, whose parents are closed to
// other accounts, and its name is short, since the path of a Unix socket must stay under 108 bytes.
func Folder(t testing.TB, owner *User) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "srv")
	if err != nil {
		t.Fatalf("create a folder for the server: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if owner != nil {
		if err := os.Chown(folder, owner.UID, owner.GID); err != nil {
			t.Fatalf("give %s to %s: %v", folder, owner.Name, err)
		}
	}
	return folder
}

// Write writes a file that only the owner can read.
func Write(t testing.TB, path, content string, mode os.FileMode, owner *User) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
	if owner != nil {
		if err := os.Chown(path, owner.UID, owner.GID); err != nil {
			t.Fatalf("give %s to %s: %v", path, owner.Name, err)
		}
	}
}
