package awssim

import (
	"fmt"
	"strings"
)

var protocolNumbers = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}

// normalProtocol names a protocol as AWS does: tcp, udp, icmp and icmpv6 by name, all as -1, others by number.
func normalProtocol(s string) string {
	s = strings.ToLower(s)
	if name, ok := protocolNumbers[s]; ok {
		return name
	}
	return s
}

func validProtocol(value any) error {
	var n int
	s := normalProtocol(value.(string))
	switch s {
	case "tcp", "udp", "icmp", "icmpv6", "-1":
		return nil
	}
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || n < 0 || n > 255 || fmt.Sprint(n) != s {
		return fmt.Errorf("%q is not an IP protocol: tcp, udp, icmp, -1 or a number from 0 to 255", value)
	}
	return nil
}
