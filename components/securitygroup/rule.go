// Package securitygroup holds security groups by role and the rules between them.
package securitygroup

// Rule allows inbound traffic to a group from other groups or from addresses.
type Rule struct {
	// Group is the name of the group that receives the traffic.
	Group string
	// From are the names of the groups whose members may send it.
	From []string
	// FromCIDRs are the IPv4 ranges that may send it.
	FromCIDRs []string
	// Protocol is tcp, udp, icmp or -1 for all.
	Protocol string
	// FromPort and ToPort are the first and last port, inclusive; both are ignored when Protocol is -1.
	FromPort, ToPort int
	// Description says why the traffic is needed; EC2 shows it beside the rule.
	Description string
}
