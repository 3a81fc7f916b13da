// Package securitygroup holds security groups by role and the rules between them.
package securitygroup

// Rule allows inbound traffic to a group from other groups or from addresses.
type Rule struct {
	// Group is the name of the group that receives the traffic.
	Group string `pulumi:"group"`
	// From are the names of the groups whose members may send it.
	From []string `pulumi:"from"`
	// FromCIDRs are the IPv4 ranges that may send it.
	FromCIDRs []string `pulumi:"fromCidrs"`
	// Protocol is tcp, udp, icmp or -1 for all.
	Protocol string `pulumi:"protocol"`
	// FromPort and ToPort are the first and last port, inclusive; both are ignored when Protocol is -1.
	FromPort int `pulumi:"fromPort"`
	ToPort   int `pulumi:"toPort"`
	// Description is the reason for the traffic; EC2 shows it beside the rule.
	Description string `pulumi:"description"`
}
