/** What menus and popovers are made of: a fifth of a first load, and not needed before something is opened. */
export {
  Content as MenuContent,
  Item as MenuItem,
  Label as MenuLabel,
  Portal as MenuPortal,
  Root as MenuRoot,
  Separator as MenuSeparator,
  Trigger as MenuTrigger,
} from '@radix-ui/react-dropdown-menu';
export {
  Content as PopoverContent,
  Portal as PopoverPortal,
  Root as PopoverRoot,
  Trigger as PopoverTrigger,
} from '@radix-ui/react-popover';
