package credentials

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// URL is a connection URL with the credentials in it.
type URL struct {
	Scheme   string
	User     string
	Password pulumi.StringInput
	Host     pulumi.StringInput
	Port     int
	// Path is one segment: a database, a database number or a virtual host; a slash in it is encoded.
	Path string
}

// Output is the URL, as a secret.
func (u URL) Output() pulumi.StringOutput {
	filled := pulumi.All(u.Password, u.Host).ApplyT(func(parts []any) string {
		return Format(u.Scheme, u.User, parts[0].(string), parts[1].(string), u.Port, u.Path)
	}).(pulumi.StringOutput)
	return pulumi.ToSecret(filled).(pulumi.StringOutput)
}

// Format writes scheme://user:password@host:port/path with user, password and path encoded.
func Format(scheme, user, password, host string, port int, path string) string {
	return scheme + "://" + Encode(user) + ":" + Encode(password) + "@" + host + ":" + strconv.Itoa(port) + "/" + Encode(path)
}

// Encode percent-encodes every byte but the unreserved ones of RFC 3986. A URL needs less,
// but parsers differ: some read "+" as a space, some end the password at the first "@", ":" or "/".
func Encode(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			out.WriteByte(c)
		default:
			out.WriteString(string([]byte{'%', hex[c>>4], hex[c&15]}))
		}
	}
	return out.String()
}
