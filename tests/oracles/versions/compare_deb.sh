# Reads "a<TAB>b" lines; prints -1, 0 or 1 by dpkg itself, x if it refuses one (exit status 2).
tab=$(printf '\t')
while IFS=$tab read -r a b; do
    dpkg --compare-versions "$a" lt "$b" 2>/dev/null
    case $? in
        0) echo -1; continue ;;
        1) ;;
        *) echo x; continue ;;
    esac
    if dpkg --compare-versions "$a" gt "$b" 2>/dev/null; then echo 1; else echo 0; fi
done
