package network

import (
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// zoneSuffix returns the last part of a zone name: "2a" for "ap-northeast-2a".
func zoneSuffix(zone string) string {
	return zone[strings.LastIndex(zone, "-")+1:]
}

func (b *builder) subnet(kind, zone, cidr string, public bool) (*ec2.Subnet, error) {
	name := b.name + "-" + kind + "-" + zoneSuffix(zone)
	subnet, err := ec2.NewSubnet(b.ctx, name, &ec2.SubnetArgs{
		VpcId:               b.vpc.ID,
		CidrBlock:           pulumi.String(cidr),
		AvailabilityZone:    pulumi.String(zone),
		MapPublicIpOnLaunch: pulumi.Bool(public),
		Tags:                b.tags("-" + kind + "-" + zoneSuffix(zone)),
	}, b.parent())
	if err != nil {
		return nil, err
	}
	return subnet, b.reserve(subnet, cidr)
}

// reserve keeps the reserved addresses of a subnet from resources that ask for any address.
func (b *builder) reserve(subnet *ec2.Subnet, cidr string) error {
	block, err := netip.ParsePrefix(cidr)
	if err != nil {
		return err
	}
	for _, ip := range b.args.ReservedIPs {
		address, err := netip.ParseAddr(ip)
		if err != nil {
			return err
		}
		if !block.Contains(address) {
			continue
		}
		reservation, err := ec2.NewSubnetCidrReservation(b.ctx, b.name+"-"+ip, &ec2.SubnetCidrReservationArgs{
			SubnetId:        subnet.ID(),
			CidrBlock:       pulumi.String(netip.PrefixFrom(address, address.BitLen()).String()),
			ReservationType: pulumi.String("explicit"),
			Description:     pulumi.String("Only for a resource that asks for this address"),
		}, b.parent())
		if err != nil {
			return err
		}
		b.reservations = append(b.reservations, reservation)
	}
	return nil
}

func (b *builder) routeTable(suffix string) (*ec2.RouteTable, error) {
	table, err := ec2.NewRouteTable(b.ctx, b.name+suffix, &ec2.RouteTableArgs{
		VpcId: b.vpc.ID, Tags: b.tags(suffix),
	}, b.parent())
	if err == nil {
		b.routeTables = append(b.routeTables, table.ID())
	}
	return table, err
}

func (b *builder) associate(suffix string, subnet *ec2.Subnet, table *ec2.RouteTable) error {
	_, err := ec2.NewRouteTableAssociation(b.ctx, b.name+suffix, &ec2.RouteTableAssociationArgs{
		SubnetId: subnet.ID(), RouteTableId: table.ID(),
	}, b.parent())
	return err
}

// publicSubnets share one route table, whose default route is the internet gateway.
func (b *builder) publicSubnets() error {
	table, err := b.routeTable("-public")
	if err != nil {
		return err
	}
	if _, err := ec2.NewRoute(b.ctx, b.name+"-public", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(anywhere),
		GatewayId:            b.gateway.ID(),
	}, b.parent()); err != nil {
		return err
	}
	for i, zone := range b.args.Zones {
		subnet, err := b.subnet("public", zone, b.args.PublicSubnetCIDRs[i], true)
		if err != nil {
			return err
		}
		b.vpc.PublicSubnets[zone] = subnet
		if err := b.associate("-public-"+zoneSuffix(zone), subnet, table); err != nil {
			return err
		}
	}
	return nil
}

// privateSubnets have a route table each, so that each may leave through the NAT gateway of its own zone.
func (b *builder) privateSubnets() error {
	var shared *ec2.NatGateway
	for i, cidr := range b.args.PrivateSubnetCIDRs {
		zone := b.args.Zones[i]
		suffix := "-private-" + zoneSuffix(zone)
		subnet, err := b.subnet("private", zone, cidr, false)
		if err != nil {
			return err
		}
		b.vpc.PrivateSubnets[zone] = subnet
		table, err := b.routeTable(suffix)
		if err != nil {
			return err
		}
		if err := b.associate(suffix, subnet, table); err != nil {
			return err
		}

		if b.args.NAT == "" || b.args.NAT == NATNone {
			continue
		}
		nat := shared
		if nat == nil || b.args.NAT == NATPerZone {
			if nat, err = b.natGateway(zone); err != nil {
				return err
			}
			shared = nat
		}
		if _, err := ec2.NewRoute(b.ctx, b.name+suffix, &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String(anywhere),
			NatGatewayId:         nat.ID(),
		}, b.parent()); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) natGateway(zone string) (*ec2.NatGateway, error) {
	suffix := "-nat-" + zoneSuffix(zone)
	address, err := ec2.NewEip(b.ctx, b.name+suffix, &ec2.EipArgs{
		Domain: pulumi.String("vpc"), Tags: b.tags(suffix),
	}, b.parent())
	if err != nil {
		return nil, err
	}
	return ec2.NewNatGateway(b.ctx, b.name+suffix, &ec2.NatGatewayArgs{
		SubnetId:     b.vpc.PublicSubnets[zone].ID(),
		AllocationId: address.ID(),
		Tags:         b.tags(suffix),
		// A NAT gateway needs the internet gateway attached, and must be gone before it is detached.
	}, b.parent(), pulumi.DependsOn(append([]pulumi.Resource{b.gateway}, b.reservations...)))
}
