#!/bin/sh
# 安装或升级科竞 @VERSION@，不需要网络。可以反复运行：设置、数据和已有的赛季文件从不改动。
#   sudo ./install.sh                    装到 /opt/kejing、/etc/kejing、/var/lib/kejing，建用户 kejing 和 systemd 单元
#   ./install.sh --prefix 文件夹          装到这个文件夹下面试用：不建用户，不碰 systemd，不需要 root
set -eu
# 加固过的机器上 root 的 umask 常是 027、077：那样装出来的赛季文件，用户 kejing 读不了。
umask 022

prefix=""
case "${1:-}" in
    "") ;;
    --prefix) prefix=${2:?--prefix 后面要写文件夹} ;;
    *) echo "用法：install.sh [--prefix 文件夹]" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
needs="@GLIBC@"

say() { echo "$*"; }
stop() { echo "install.sh：$*" >&2; exit 1; }

# 机器合适吗？
[ "$(uname -s)" = Linux ] || stop "只能装在 Linux 上"
[ -z "$needs" ] || {
    has=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //') || has=""
    [ -n "$has" ] || stop "这个程序需要 glibc $needs 或更新，这台机器上没有找到 glibc；请用静态链接的安装包（见 README-INSTALL.md）"
    oldest=$(printf '%s\n%s\n' "$needs" "$has" | sort -t. -k1,1n -k2,2n | head -n 1)
    [ "$oldest" = "$needs" ] || stop "这个程序需要 glibc $needs 或更新，这台机器是 $has；请用静态链接的安装包（见 README-INSTALL.md）"
}
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || stop "文件与 SHA256SUMS 不符，请重新复制安装包"
"$here/bin/kejing" --version >/dev/null || stop "程序在这台机器上运行不了"

if [ -z "$prefix" ] && [ "$(id -u)" -ne 0 ]; then
    stop "要用 root 运行（sudo ./install.sh）；只是试用请加 --prefix 文件夹"
fi
if [ -n "$prefix" ]; then
    mkdir -p "$prefix"
    prefix=$(cd "$prefix" && pwd)
fi
opt="$prefix/opt/kejing"
etc="$prefix/etc/kejing"
data="$prefix/var/lib/kejing"

# 用户
if [ -z "$prefix" ] && ! id kejing >/dev/null 2>&1; then
    nologin=$(command -v nologin || echo /usr/sbin/nologin)
    useradd --system --user-group --home-dir "$data" --no-create-home --shell "$nologin" kejing
    say "已建用户 kejing"
fi

[ -e "$opt/bin/kejing" ] && first=no || first=yes

# 程序：先放在旁边，再换名字，正在运行的不受影响
mkdir -p "$opt/bin" "$etc" "$data"
install -m 755 "$here/bin/kejing" "$opt/bin/kejing.new"
# 同一个包再装一次，不把要退回的那一版盖掉
[ ! -e "$opt/bin/kejing" ] || cmp -s "$opt/bin/kejing" "$opt/bin/kejing.new" || cp -p "$opt/bin/kejing" "$opt/bin/kejing.old"
mv -f "$opt/bin/kejing.new" "$opt/bin/kejing"
for folder in docs deploy; do
    rm -rf "${opt:?}/$folder.new"
    cp -r "$here/$folder" "$opt/$folder.new"
    chmod -R u=rwX,go=rX "$opt/$folder.new"
    rm -rf "${opt:?}/$folder"
    mv "$opt/$folder.new" "$opt/$folder"
done
cp "$here/LICENSE" "$here/CHANGELOG.md" "$here/README.md" "$here/README-INSTALL.md" "$here/SBOM.cdx.json" "$opt/"

# 赛季和题库：在办的赛季与账本是一起的，已有的文件一个也不动，只补上没有的
for folder in seasons question-bank; do
    (cd "$here" && find "$folder" -type f) | while IFS= read -r file; do
        if [ ! -e "$opt/$file" ]; then
            mkdir -p "$opt/$(dirname "$file")"
            cp "$here/$file" "$opt/$file"
        elif ! cmp -s "$here/$file" "$opt/$file"; then
            say "保留原有的 $opt/$file（新的在 $here/$file）"
        fi
    done
done

# 设置：第一次才写
if [ ! -e "$etc/kejing.toml" ]; then
    sed "s#\"/opt/kejing#\"$opt#; s#\"/var/lib/kejing#\"$data#; s#\"/etc/kejing#\"$etc#" "$here/deploy/kejing.toml" > "$etc/kejing.toml"
    say "已写设置文件 $etc/kejing.toml，请看一遍"
fi
if [ -n "$prefix" ]; then
    chmod 700 "$data"
    say "已装到 $prefix。启动：$opt/bin/kejing serve --config $etc/kejing.toml"
    exit 0
fi

[ -e "$etc/kejing.env" ] || install -m 600 /dev/null "$etc/kejing.env"
chown -R root:root "$opt" "$etc"
chmod 755 "$opt" "$etc"
# 管理员用的命令：换成服务的用户、用服务的设置
mkdir -p /usr/local/bin
install -m 755 "$here/deploy/kejing.sh" /usr/local/bin/kejing
chmod 644 "$etc/kejing.toml"
chown kejing:kejing "$data"
chmod 700 "$data"

# systemd
if ! command -v systemctl >/dev/null 2>&1; then
    say "没有 systemd：请自己安排以用户 kejing 运行 $opt/bin/kejing serve --config $etc/kejing.toml"
    exit 0
fi
unit=/etc/systemd/system/kejing.service
major=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ "${major:-0}" -lt 240 ]; then
    # 旧的 systemd 不认识这些集合，会把允许的系统调用当成只有剩下的几个。
    sed -e '/^SystemCall/d' -e 's/^Type=exec/Type=simple/' "$here/deploy/kejing.service" > "$unit.new"
    say "systemd ${major:-?} 较旧：单元里去掉了系统调用的限制"
else
    cp "$here/deploy/kejing.service" "$unit.new"
fi
mv -f "$unit.new" "$unit"
systemctl daemon-reload 2>/dev/null || say "systemd 没有在运行，单元已放好：$unit"
if [ "$first" = yes ]; then
    say "已装好。接下来照 $opt/docs/operations.md 的「第一次安装」从第 3 步做起"
else
    say "已换上 @VERSION@，正在运行的还是原来的。换过来：systemctl restart kejing（选手的手机自己重连，一题不丢；上一版程序在 $opt/bin/kejing.old）"
fi
