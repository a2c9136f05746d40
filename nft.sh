unshare -n sh -c '
ip link add vda0 type veth peer name vdb0
c() { echo "add chain netdev t $1; flush chain netdev t $1; delete chain netdev t $1; add chain netdev t $1 { type filter hook $2 device \"vda0\" priority filter; policy accept; }; add rule netdev t $1 ether saddr != 00:18:51:B3:58:B1 drop;"; }
R="add table netdev t; $(c in-a ingress) $(c out-a egress)"
nft "$R"; echo first $?; nft "$R"; echo second $?
ip link del vdb0
nft list ruleset
ip link add vda0 type veth peer name vdb0
nft "$R"; echo again $?; nft list ruleset; nft "$R"; echo again $?
ip link del vda0; uname -r'
