/**
 * Ports where services listen that are meant for machines of one owner, or that speak no HTTP and could take the bytes of a
 * request for commands. A public address makes calls to them no more welcome.
 * None from 32768 on: systems give those out at random.
 */
export const INTERNAL_PORTS: ReadonlySet<number> = new Set([
  ...[7, 9, 11, 13, 17, 19], // echo, discard, systat, daytime, qotd, chargen
  ...[20, 21, 22, 23, 69, 115, 873, 989, 990, 992], // FTP, SSH, telnet, TFTP, rsync
  ...[25, 109, 110, 143, 220, 465, 587, 993, 995, 2525], // mail
  ...[37, 42, 43, 53, 79, 101, 111, 113, 119, 123, 135, 137, 138, 139, 161, 162, 179, 445, 548, 563], // names, RPC, SMB
  ...[88, 389, 464, 636, 749, 3268, 3269], // Kerberos, LDAP
  ...[512, 513, 514, 515, 601, 631, 2049], // rlogin, syslog, printing, NFS
  ...[1099, 8009, 9010], // RMI, AJP
  ...[1433, 1434, 1521, 3050, 3306, 5432, 5433, 6432], // SQL databases
  ...[5984, 6984, 7000, 7001, 7199, 7474, 7687, 8086, 8123, 9042, 9160, 26257, 27017, 27018, 27019, 28017], // others
  ...[6379, 6380, 11211, 16379, 26379], // Redis, memcached
  ...[9200, 9300, 8983], // Elasticsearch, Solr
  ...[1883, 4369, 5671, 5672, 8883, 9092, 9093, 15672, 25672, 61613, 61616], // brokers
  ...[2181, 2379, 2380, 2888, 3888, 4001, 4646, 4647, 4648, 8200, 8201, 8300, 8301, 8302, 8500, 8501, 8502, 8600], // etcd, ZooKeeper, Nomad, Vault, Consul
  ...[2375, 2376, 2377, 6443, 10248, 10249, 10250, 10255, 10256, 10257, 10259], // Docker, Kubernetes
  ...[3389, 5800, 5900, 5901, 5938, 5985, 5986, 6000], // desktops, WinRM
]);
